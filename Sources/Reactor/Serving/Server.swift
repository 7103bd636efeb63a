// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// A server: listeners, and a task for each client.
///
/// ```swift
/// let server = try await Server(on: ":9999") { connection in try await connection.echo() }
/// try await server.run()
/// ```
///
/// ``run()`` returns when the server was drained and the last handler has ended. Cancelling the task that runs it is
/// the hard stop: every connection is cancelled. ``drain(within:)`` is the graceful one.
///
/// A handler runs on the loop that owns its connection, so that reading costs no hop. Whatever it throws ends its own
/// connection and nothing else.
public final class Server: Sendable {
    /// What one connection is served by.
    public typealias Handler = nonisolated(nonsending) @Sendable (Connection) async throws -> Void

    /// The bounds of a server.
    public struct Limits: Sendable {
        /// Connections that are served at a time; further ones wait in the system's queue.
        public var connections = 10_000
        /// Connections from one address that are served at a time; further ones are closed.
        public var connectionsPerPeer = Int.max
        /// Finished connections that wait to be accepted.
        public var backlog = 1024

        /// The defaults.
        public init() {}
    }

    /// What a server tells of itself; called on its loops.
    public enum Event: Sendable {
        /// A handler has thrown.
        case handlerFailed(any Error, peer: SocketAddress?)
        /// Descriptors or memory ran out; accepting pauses. Told once for each shortage.
        case acceptingPaused(SocketError)
        /// The shortage is over.
        case acceptingResumed
        /// A peer had as many connections as it may have.
        case refused(peer: SocketAddress?)
    }

    private let acceptors: [any Acceptor]
    private let loop: EventLoop
    /// The loops that share the connections; nil for the accepting one alone.
    private let group: EventLoopGroup?
    private let limits: Limits
    private let report: @Sendable (Event) -> Void
    private let handler: Handler
    private let clients = ClientList()

    /// Listens: when this returns clients can connect.
    ///
    /// - Parameters:
    ///   - endpoints: where to listen, one or several.
    ///   - loop: the loop that accepts and serves; unless it is given, or the caller is on one, the process's loops
    ///     share the connections.
    ///   - report: what to do with the server's own news; nothing unless given.
    /// - Throws: as ``Socket/listening(on:family:backlog:reusesPort:)``.
    public convenience init(
        on endpoints: any EndpointConvertible..., limits: Limits = Limits(), loop: EventLoop? = nil,
        report: @escaping @Sendable (Event) -> Void = { _ in }, handler: @escaping Handler
    ) async throws(SocketError) {
        try await self.init(endpoints: endpoints, limits: limits, loop: loop, report: report, handler: handler)
    }

    package init(
        endpoints: [any EndpointConvertible], limits: Limits, loop: EventLoop?,
        report: @escaping @Sendable (Event) -> Void, handler: @escaping Handler
    ) async throws(SocketError) {
        let known = loop ?? EventLoop.running
        let loop = known ?? EventLoopGroup.shared.next()
        let addresses = try Self.addresses(of: endpoints)
        acceptors = try await loop.run { () throws(SocketError) in
            try Self.listen(at: addresses, backlog: limits.backlog, on: loop)
        }
        self.loop = loop
        group = known == nil ? EventLoopGroup.shared : nil
        self.limits = limits
        self.report = report
        self.handler = handler
    }

    /// Where it listens, with the real ports.
    public var addresses: [SocketAddress] { acceptors.map(\.localAddress) }

    /// How many connections are being served.
    public var connectionCount: Int { clients.count }

    /// Accepts and serves until the server is drained.
    ///
    /// - Throws: `.cancelled` after a hard stop, once every handler has ended; what accepting failed with, if it is no
    ///   shortage that passes.
    public func run() async throws(SocketError) {
        try await loop.run(async: { [self] () async throws(SocketError) in try await serveAll() })
    }

    /// Stops accepting, and tells the handlers (``Connection/isDraining``); what is not done within the limit is
    /// cancelled. Returns at once: ``run()`` returns when it is over. Any thread may call this.
    public func drain(within limit: Duration = .seconds(25)) {
        for acceptor in acceptors { acceptor.close() }
        clients.draining.set()
        loop.schedule(after: limit) { [clients] in clients.cancelAll() }
    }

    private nonisolated(nonsending) func serveAll() async throws(SocketError) {
        let failure = FirstFailure()
        await withDiscardingTaskGroup { group in
            for acceptor in acceptors {
                group.addTask(executorPreference: loop) { [self] in
                    if let error = await serve(acceptor) { failure.note(error) }
                }
            }
        }
        if Task.isCancelled { throw SocketError(.accept, .cancelled) }
        if let error = failure.error { throw error }
    }

    /// Serves one listener until it is closed; an error if it ended otherwise.
    private nonisolated(nonsending) func serve(_ acceptor: any Acceptor) async -> SocketError? {
        await withDiscardingTaskGroup { handlers -> SocketError? in
            var pause = AcceptPause()
            while true {
                do throws(SocketError) {
                    try await clients.waitForRoom(limits.connections, on: loop)
                    guard let transport = try acceptor.acceptNow() else {
                        try await acceptor.waitForClient(until: .never)
                        continue
                    }
                    if pause.end() { report(.acceptingResumed) }
                    start(transport, in: &handlers)
                } catch {
                    guard error.isOutOfResources else {
                        acceptor.close()
                        return error.reason == .closed || error.reason == .cancelled ? nil : error
                    }
                    let (length, isNews) = pause.begin()
                    if isNews { report(.acceptingPaused(error)) }
                    pause.shed(acceptor)
                    try? await loop.sleep(for: length)
                }
            }
        }
    }

    /// Hands a client to its handler before anything else can happen (law 8).
    private func start(_ transport: any Transport, in handlers: inout DiscardingTaskGroup) {
        guard let place = clients.enter(transport, perPeer: limits.connectionsPerPeer) else {
            report(.refused(peer: transport.peer))
            transport.close()
            return
        }
        let home = group?.next() ?? loop
        if home !== loop { transport.move(to: home) }
        handlers.addTask(executorPreference: home) { [self] in
            await serve(Connection(transport, draining: clients.draining))
            clients.leave(place)
        }
    }

    private nonisolated(nonsending) func serve(_ connection: Connection) async {
        do {
            try await withOwnership(of: connection) { try await handler(connection) }
        } catch {
            // Being cancelled is no failure of the handler's.
            let failure = error as? SocketError ?? (error as? FrameError)?.connectionError
            let isCancellation = failure?.reason == .cancelled || error is CancellationError
            if !isCancellation { report(.handlerFailed(error, peer: connection.peer)) }
        }
        connection.close()
    }
}

/// The first of the errors of several tasks.
private final class FirstFailure: Sendable {
    private let first = Mutex<SocketError?>(nil)

    func note(_ error: SocketError) { first.withLock { $0 = $0 ?? error } }

    var error: SocketError? { first.withLock { $0 } }
}
