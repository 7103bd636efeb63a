// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization
import SystemPackage

/// A server, whichever face of the engine it shows.
protocol Service: Sendable {
    /// Where it listens.
    var address: SocketAddress { get }
    /// How many clients it has.
    var openCount: Int { get async throws }
    /// Ends it.
    func end() async throws
}

/// What the server does for a client.
enum Load: String {
    /// Sends everything back.
    case echo
    /// Sends every line back.
    case lines
    /// Sends 128 MiB.
    case offer
    /// Ends without reading anything.
    case ignore
    /// Sends everything back, and has its loop for itself before the first answer, until it is released.
    case hold

    static let isReleased = Flag()

    func serve(_ connection: Connection) async throws {
        switch self {
        case .echo: try await connection.echo()
        case .lines: for try await line in connection.lines { try await connection.send(line + "\n") }
        case .offer:
            let piece = [UInt8](repeating: 0x78, count: 1 << 20)
            for _ in 0..<128 { try await connection.send(piece) }
        case .ignore: break
        case .hold:
            guard let first = try await connection.receive(upTo: 1) else { return }
            while !Self.isReleased.isSet { SystemCalls.pause(.milliseconds(5)) }
            try await connection.send(first)
            try await connection.echo()
        }
    }
}

/// A task for each client.
struct ConnectionService: Service {
    private let server: Server
    private let running: Task<Void, any Error>

    init(_ load: Load, _ settings: Settings, _ tally: Tally, on loop: EventLoop?) async throws {
        server = try await Server(
            on: settings.address, limits: settings.limits, reusesPort: settings.loops == .all, loop: loop,
            report: { tally.note($0) },
            handler: { connection in
                tally.served.add(1, ordering: .relaxed)
                try await load.serve(connection)
            })
        running = Task.detached { [server] in try await server.run() }
    }

    var address: SocketAddress { server.addresses[0] }
    var openCount: Int { server.connectionCount }

    func end() async throws {
        server.drain(within: .zero)
        try await running.value
    }
}

/// Callbacks for each client, which echo or send lines back.
struct ProtocolService: Service {
    private struct Echo: StreamProtocol {
        func dataReceived(_ data: RawSpan, _ transport: StreamTransport) { transport.write(data) }
    }

    private struct Lines: LineReceiver {
        var delimiter: [UInt8] { [0x0A] }
        func lineReceived(_ line: String, _ transport: StreamTransport) { transport.write(line + "\n") }
    }

    private let port: ListeningPort

    init(_ load: Load, _ settings: Settings, _ tally: Tally, on loop: EventLoop) async throws {
        let factory = Factory(building: { _ in
            tally.served.add(1, ordering: .relaxed)
            return load == .lines ? Lines() : Echo()
        })
        .limited(to: settings.limits.connections).limitedPerPeer(to: settings.limits.connectionsPerPeer)
        port = try await loop.run { () throws(SocketError) in try loop.listen(on: settings.address, factory)[0] }
    }

    var address: SocketAddress { port.host }

    var openCount: Int {
        get async throws { try await port.loop.run { () throws(SocketError) in port.connectionCount } }
    }

    func end() async throws { port.stopListening() }
}
