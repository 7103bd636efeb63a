// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Where a conversation leads, and how it is opened: the schemes that `nt connect` speaks.
struct PeerOpening: Sendable {
    let endpoint: Endpoint
    let timeout: Duration
    let source: SocketAddress?

    /// A peer that is there.
    struct Opened: Sendable {
        let peer: any Peer
        /// `tcp 127.0.0.1:80`, `exec:cat`.
        let name: String
        let localAddress: SocketAddress?
    }

    /// Reads an endpoint from a command line.
    ///
    /// - Throws: a failure for a text that is none, for a place to listen on, and for what this verb does not speak.
    init(_ text: String, timeout: Duration, from source: SocketAddress?) throws(ToolFailure) {
        do throws(AddressError) { endpoint = try Endpoint(text) } catch { throw ToolFailure(error, reading: text) }
        self.timeout = timeout
        self.source = source
        if case .host(.everyInterface, _) = endpoint.target {
            throw ToolFailure(.usage, "\(endpoint) is a place to listen on: say which host to connect to")
        }
        if case .host(_, 0) = endpoint.target {
            throw ToolFailure(.usage, "\(endpoint) is a place to listen on: say which port to connect to")
        }
        switch endpoint.scheme {
        case .tcp, .unix, .udp, .unixDatagram, .unixSequencedPacket, .exec: break
        case .stdio: throw ToolFailure(.usage, "- is this end of the conversation already: say who is at the other")
        case .descriptor, .systemd: throw ToolFailure(.usage, "\(endpoint) is for listening: nt listen takes it over")
        case .tls, .ws, .wss, .http, .https:
            let name = endpoint.scheme.rawValue
            throw ToolFailure(.usage, "\(endpoint): \(name) is not spoken here, only the plain stream below it")
        }
        if source != nil, !endpoint.scheme.hasHost {
            throw ToolFailure(.usage, "-s says which address of this machine to use, and \(endpoint) uses none")
        }
    }

    /// Whether what passes are datagrams, which have no end.
    var isDatagrams: Bool { endpoint.scheme == .udp || endpoint.scheme == .unixDatagram }

    /// Opens it, runs `body`, and closes.
    ///
    /// - Throws: the failure to open; what `body` throws; of a program that it has failed.
    func withPeer(on loop: EventLoop, _ body: @Sendable (Opened) async throws -> Void) async throws {
        switch endpoint.scheme {
        case .udp, .unixDatagram:
            try await withDatagramSocket(to: endpoint, from: source, loop: loop) { socket in
                let name = "\(endpoint.scheme == .udp ? "udp " : "")\(socket.peer.map { "\($0)" } ?? "\(endpoint)")"
                try await body(
                    Opened(peer: DatagramPeer(socket), name: name, localAddress: socket.localAddress))
            }
        case .exec: try await withProgram(on: loop, body)
        case .unixSequencedPacket:
            let connection = try sequencedPackets(on: loop)
            defer { connection.close() }
            try await body(Opened(peer: connection, name: "\(endpoint)", localAddress: nil))
        default:
            try await withConnection(to: endpoint, timeout: timeout, from: source, on: loop) { connection in
                let name = connection.peer.map { $0.toolText } ?? "\(endpoint)"
                try await body(Opened(peer: connection, name: name, localAddress: connection.localAddress))
            }
        }
    }

    private func sequencedPackets(on loop: EventLoop) throws(SocketError) -> Connection {
        var socket = try Socket(.unix, .sequencedPacket)
        if let address = endpoint.socketAddress { try socket.connect(to: address) }
        return Connection(adopting: socket, on: loop)
    }

    private func withProgram(on loop: EventLoop, _ body: @Sendable (Opened) async throws -> Void) async throws {
        guard case .command(let words) = endpoint.target, let program = words.first else { return }
        var request = Subprocess.Request(program, Array(words.dropFirst()))
        request.input = .connection
        let (_, end) = try await loop.world.processes.run(request, on: loop) { process in
            async let _ = process.endStreamsAfterEnd()
            try await body(Opened(peer: ProgramPeer(process), name: "\(endpoint)", localAddress: nil))
        }
        if end != .exited(0) { throw ToolFailure(.failure, "\(endpoint): \(end)") }
    }
}
