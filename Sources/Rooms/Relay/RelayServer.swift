// SPDX-License-Identifier: Apache-2.0
public import Reactor
import Sockets
import Wire

/// Where clients log in, find each other, and have messages passed on when they can't reach each other.
///
/// ```swift
/// let relay = RelayServer(on: loop)
/// let server = try await Server(on: ":5000", loop: loop) { connection in try await relay.serve(connection) }
/// let datagrams = try await DatagramSocket(on: ":5000", loop: loop)
/// try await relay.run(hearing: datagrams) { try await server.run() }
/// ```
/// A client logs in by TCP, with a name and the UDP port that it has; which one that is does not matter, so several
/// clients run on one machine, for one user or for several. Whoever looks for a user learns the addresses of that
/// user's clients, and they learn that somebody knocks: so two clients talk directly where they can (``RelayClient``),
/// and by the server where they can't. A datagram from the client itself corrects the address that it has told: behind
/// an address translator it does not know its own.
///
/// Nobody proves who they are: a name belongs to whoever logs in by it, and several may.
public final class RelayServer: @unchecked Sendable {
    /// The loop that all of it happens on.
    public let loop: EventLoop

    // What follows is touched by the loop's thread alone.

    private var registry: RelayRegistry
    private var clients: [UInt64: Client] = [:]
    private let mail: Deliveries<Client>
    private var lastNumber: UInt64 = 0

    /// The most bytes that may wait for a client.
    private static let queue = 1 << 20
    /// How long a client may take to read the last words.
    private static let farewell = Duration.seconds(2)
    /// How long one may take to log in, whatever it says before.
    private static let patience = Duration.seconds(10)

    private final class Client: Recipient, @unchecked Sendable {
        var isEnding = false
    }

    /// A relay without clients.
    ///
    /// - Parameter loop: the loop of all its connections.
    public init(on loop: EventLoop) {
        self.loop = loop
        registry = RelayRegistry(randomness: loop.world.randomness)
        mail = Deliveries(on: loop, limit: Self.queue)
    }

    /// Runs `body` with the relay at work.
    ///
    /// - Parameter socket: where clients' datagrams come, on the same host and port as its servers; nil where their own
    ///   word is enough.
    /// - Throws: what `body` throws.
    @concurrent public func run<Result: Sendable>(
        hearing socket: DatagramSocket? = nil, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(loop) {
            async let _: Void = mail.work()
            async let _: Void = hear(socket)
            return try await body()
        }
    }

    /// Serves a client until it ends.
    ///
    /// - Throws: ``FrameError`` and `SocketError` of the connection; `.invalid` for one of another loop.
    public nonisolated(nonsending) func serve(_ connection: Connection) async throws {
        guard connection.loop === loop, loop.isCurrent else {
            throw SocketError(.adopt, .invalid("the connection is not on the relay's loop: give it to its server too"))
        }
        lastNumber += 1
        let (id, client) = (lastNumber, Client(connection))
        clients[id] = client
        defer {
            mail.forget(client)
            if clients.removeValue(forKey: id) != nil { perform(registry.logOut(id)) }
        }
        connection.endsWhenDrained = true
        try? await connection.set(.keepAlive, to: true)
        let lines = connection.lines(maximumLength: RelayCommand.maximumLength)
        connection.readDeadline = loop.timeNow.advanced(by: Self.patience)
        while !client.isEnding, let line = try await lines.next() {
            if let command = RelayCommand(line) {
                perform(registry.receive(command, from: id, at: connection.peer?.ip?.unmapped))
            } else {
                perform([.send(.refused("no command in \(line.quotable(maximumLength: 40))"), to: id)])
            }
            if registry.isLoggedIn(id) { connection.readDeadline = .never }
        }
        await mail.flush(client, within: Self.farewell)
        if client.isEnding { try? await connection.close(within: Self.farewell) }
    }

    private func perform(_ effects: [RelayRegistry.Effect]) {
        for effect in effects {
            switch effect {
            case .send(let notice, let id):
                if let client = clients[id] { mail.deliver(Array("\(notice.line)\r\n".utf8), to: client) }
            case .end(let id): clients[id]?.isEnding = true
            }
        }
        // Each one's own task hears of it and logs it out.
        while mail.takeOverdue() != nil {}
    }

    /// Notes where datagrams come from, and says so: until then the client goes on sending them.
    private nonisolated(nonsending) func hear(_ socket: DatagramSocket?) async {
        guard let socket else { return }
        while true {
            do throws(SocketError) {
                let datagram = try await socket.receive()
                guard case .here(let token)? = RelayDatagram(datagram.bytes),
                    registry.observe(token, from: datagram.sender)
                else { continue }
                try await socket.reply(RelayDatagram.seen(token: token).bytes, to: datagram)
            } catch {
                // One client's failure is not that of the others.
                if error.reason == .closed || error.reason == .cancelled { return }
            }
        }
    }
}
