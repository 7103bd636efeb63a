// SPDX-License-Identifier: Apache-2.0
import CPeers
import Measuring
import Reactor
import Sockets

/// Datagrams in batches from a client to a server and back, on one loop and in one thread, against a C loop with
/// recvmmsg and sendmmsg: CPU for each datagram that is sent and received, kernel included. Two of them make a round
/// trip.
@main
struct Main {
    static let rounds = 2_000
    static let batch = DatagramSocket.maximumBatch

    static func main() throws {
        let loop = try EventLoop()
        let options = DatagramSocket.Options(maximumLength: 2048)
        let server = try loop.runUntilComplete { () async throws(SocketError) in
            try await DatagramSocket(on: "127.0.0.1:0", options: options, loop: loop)
        }
        let client = try loop.runUntilComplete { () async throws(SocketError) in
            try await DatagramSocket(to: server.localAddress, options: options, loop: loop)
        }
        let peers = try Peers()
        for length in [64, 1200] {
            compare("batches of \(length) bytes (at most 1.15)", length, peers) {
                try loop.runUntilComplete { try await batches(client, server, length) }
            }
            compare("a sequence of \(length) bytes", length, peers) {
                try loop.runUntilComplete { try await sequence(client, server, length) }
            }
        }
    }

    static func compare(_ name: String, _ length: Int, _ peers: Peers, _ ours: () throws -> Void) {
        var failures = 0
        let result = Comparison(rounds: 11, operations: rounds * batch * 2, cost: .total).run(
            ours: { if (try? ours()) == nil { failures += 1 } },
            peer: { if !peers.run(rounds, length) { failures += 1 } })
        let ratio = (result.ratio * 1000).rounded() / 1000
        let each = "ours \(Int(result.ours)) ns, C \(Int(result.peer)) ns"
        let speed = "\(Int(1e9 / result.ours)) datagrams a CPU second"
        print("\(name): \(each), ratio \(ratio), \(speed)\(failures == 0 ? "" : ", \(failures) FAILED")")
    }

    /// As the C program does it.
    static func batches(_ client: DatagramSocket, _ server: DatagramSocket, _ length: Int) async throws {
        let questions = [OutgoingDatagram](
            repeating: OutgoingDatagram([UInt8](repeating: 7, count: length)), count: batch)
        for _ in 0..<rounds {
            try await client.send(questions)
            var answered = 0
            while answered < batch {
                let came = try await server.receiveBatch()
                try await server.send(came.map { OutgoingDatagram($0.bytes, replyingTo: $0) })
                answered += came.count
            }
            var received = 0
            while received < batch { received += try await client.receiveBatch().count }
        }
    }

    /// As the manual does it, one after the other.
    static func sequence(_ client: DatagramSocket, _ server: DatagramSocket, _ length: Int) async throws {
        let question = [UInt8](repeating: 7, count: length)
        for _ in 0..<rounds {
            for _ in 0..<batch { try await client.send(question) }
            var answers: [OutgoingDatagram] = []
            for try await datagram in server {
                answers.append(OutgoingDatagram(datagram.bytes, replyingTo: datagram))
                if answers.count == batch { break }
            }
            try await server.send(answers)
            for _ in 0..<batch { _ = try await client.receive() }
        }
    }
}

/// The C program's sockets.
struct Peers {
    private let client: SharedSocket
    private let server: SharedSocket

    init() throws {
        let server = try Socket(.ipv4, .datagram)
        try server.bind(to: SocketAddress.loopback(0))
        var client = try Socket(.ipv4, .datagram)
        try client.connect(to: try server.localAddress)
        self.server = SharedSocket(server)
        self.client = SharedSocket(client)
    }

    func run(_ rounds: Int, _ length: Int) -> Bool {
        peer_datagrams(client.descriptor.rawValue, server.descriptor.rawValue, CInt(rounds), length) == 0
    }
}
