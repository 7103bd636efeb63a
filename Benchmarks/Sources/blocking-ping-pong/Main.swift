// SPDX-License-Identifier: Apache-2.0
import CPeers
import Measuring
import Sockets
import SystemPackage

/// 64 bytes there and back through the blocking face, against a C program doing the same over the same descriptors: CPU
/// per round trip, kernel included. One thread holds both ends, so that nothing but the calls is measured.
@main
struct Main {
    static let count = 20_000

    static func main() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = SharedSocket(try Socket.connecting(to: try listener.localAddress))
        let server = SharedSocket(try listener.accept())
        try client.socket.set(.noDelay, to: true)
        try server.socket.set(.noDelay, to: true)
        measure("TCP", client, server)
        let pair = try SocketPair()
        measure("UNIX", SharedSocket(try pair.first.duplicate()), SharedSocket(try pair.second.duplicate()))
    }

    static func measure(_ name: String, _ client: SharedSocket, _ server: SharedSocket) {
        let ends = (client.descriptor.rawValue, server.descriptor.rawValue)
        var failures = 0
        func compare(_ words: String, _ pingPong: () throws -> Void) {
            let result = Comparison(rounds: 11, operations: count, cost: .total).run(
                ours: { if (try? pingPong()) == nil { failures += 1 } },
                peer: { if peer_ping_pong(ends.0, ends.1, CInt(count)) != 0 { failures += 1 } })
            let ratio = (result.ratio * 1000).rounded() / 1000
            let times = "ours \(Int(result.ours)) ns, C \(Int(result.peer)) ns"
            print("\(name), \(words): \(times), ratio \(ratio)\(failures == 0 ? "" : ", \(failures) FAILED")")
        }
        compare("into the caller's memory (at most 1.05)") { try spans(client.socket, server.socket) }
        compare("into new arrays") { try arrays(client.socket, server.socket) }
    }

    /// As the C program does it: one buffer on each side.
    static func spans(_ client: borrowing Socket, _ server: borrowing Socket) throws {
        let (ping, pong) = (Buffer(), Buffer())
        ping.fill()
        for _ in 0..<count {
            try client.sendAll(ping.bytes)
            try pong.receive(from: server)
            try server.sendAll(pong.bytes)
            try ping.receive(from: client)
        }
    }

    /// As a script does it.
    static func arrays(_ client: borrowing Socket, _ server: borrowing Socket) throws {
        var ping = [UInt8](repeating: 7, count: Buffer.size)
        for _ in 0..<count {
            try client.sendAll(ping)
            let pong = try receive(from: server)
            try server.sendAll(pong)
            ping = try receive(from: client)
        }
    }

    /// A whole message: it nearly always comes in one piece.
    static func receive(from socket: borrowing Socket) throws -> [UInt8] {
        guard var bytes = try socket.receive(upTo: Buffer.size) else { throw Ended() }
        while bytes.count < Buffer.size {
            guard let more = try socket.receive(upTo: Buffer.size - bytes.count) else { throw Ended() }
            bytes += more
        }
        return bytes
    }
}

/// 64 bytes that are used again and again.
final class Buffer {
    static let size = 64
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)

    deinit { memory.deallocate() }

    func fill() { memory.initializeMemory(as: UInt8.self, repeating: 7) }

    var bytes: RawSpan {
        @_lifetime(borrow self) get { unsafe _overrideLifetime(memory.bytes, borrowing: self) }
    }

    func receive(from socket: borrowing Socket) throws {
        var output = OutputRawSpan(buffer: memory, initializedCount: 0)
        while !output.isFull { if try socket.receive(into: &output) == nil { throw Ended() } }
        _ = output.finalize(for: memory)
    }
}

struct Ended: Error {}
