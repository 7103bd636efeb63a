// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Clients that misbehave, or are just many: a process of its own, so that their descriptors and memory are not the
/// tests'. `load-clients WHAT ADDRESS COUNT`, where WHAT is one of ``Crowd``.
@main enum LoadClients {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 4, let crowd = Crowd(rawValue: words[1]), let count = Int(words[3]) else {
            return print("usage: load-clients WHAT ADDRESS COUNT")
        }
        try crowd.go(to: SocketAddress(words[2]), count)
    }
}

/// What the clients do.
enum Crowd: String {
    /// Come, say one line, hear it, and stay until standard input ends.
    case idle
    /// The same, with 16,000 bytes of a line that does not end behind it.
    case unfinished
    /// Come and go, come and reset: one after the other.
    case close, reset
    /// Send a line without an end until the server has had enough of it.
    case flood
    /// Send lines and never read, until nothing more is taken; then stay until standard input ends.
    case deaf

    private static let patience = Duration.seconds(60)

    func go(to address: SocketAddress, _ count: Int) throws {
        var staying: [SharedSocket] = []
        switch self {
        case .idle, .unfinished:
            let words = "x\n" + (self == .unfinished ? String(repeating: "y", count: 16_000) : "")
            for _ in 0..<count { staying.append(SharedSocket(try Self.guest(of: address, saying: words))) }
        case .close, .reset: for number in 1...count { try Self.knock(at: address, self, number, of: count) }
        case .flood: for _ in 0..<count { try Self.flood(address) }
        case .deaf: for _ in 0..<count { staying.append(SharedSocket(try Self.deafGuest(of: address))) }
        }
        print("done \(count)")
        Output.flush()
        if !staying.isEmpty { while readLine() != nil {} }
        staying = []
    }

    private static func connected(to address: SocketAddress) throws -> Socket {
        var socket = try Socket.connecting(to: address, within: patience)
        try socket.setTimeLimit(patience)
        return socket
    }

    private static func guest(of address: SocketAddress, saying words: String) throws -> Socket {
        let socket = try connected(to: address)
        try socket.sendAll(words.utf8)
        guard try socket.receive(upTo: 2) != nil else { throw SocketError(.receive, .closed) }
        return socket
    }

    /// Now and then one asks for an answer, so that the server's queue of 1,024 never overflows: the system would drop
    /// clients, and not the server.
    private static func knock(at address: SocketAddress, _ way: Crowd, _ number: Int, of count: Int) throws {
        if number % 500 == 0 || number == count { return _ = try guest(of: address, saying: "x\n") }
        let socket = try connected(to: address)
        if way == .reset { try socket.set(.linger, to: .reset) }
    }

    private static func flood(_ address: SocketAddress) throws {
        let socket = try connected(to: address)
        let piece = [UInt8](repeating: 0x7A, count: 65_536)
        for _ in 0..<1024 {
            do throws(SocketError) { try socket.sendAll(piece) } catch { return }
        }
        throw SocketError(.send, .invalid("64 MiB without an end were taken"))
    }

    private static func deafGuest(of address: SocketAddress) throws -> Socket {
        var socket = try connected(to: address)
        try socket.setTimeLimit(.seconds(1))
        let line = [UInt8](repeating: 0x7A, count: 1023) + [0x0A]
        let piece = [UInt8](Array(repeating: line, count: 1024).joined())
        for _ in 0..<128 {
            do throws(SocketError) { try socket.sendAll(piece) } catch {
                if error.reason == .timedOut { break }
                throw error
            }
        }
        return socket
    }
}
