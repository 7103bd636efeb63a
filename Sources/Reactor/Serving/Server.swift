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

    private let listeners: [Listener]
    /// The loops that share the connections; nil for each listener's own alone.
    private let group: EventLoopGroup?
    private let limits: Limits
    private let report: @Sendable (Event) -> Void
    private let handler: Handler
    private let clients = ClientList()

    /// Listens: when this returns clients can connect.
    ///
    /// - Parameters:
    ///   - endpoints: where to listen, one or several, of any kind: `":80"`, `"unix:/run/app"`, `"systemd:web"`.
    ///   - reusesPort: lets other sockets listen on the same TCP ports (`SO_REUSEPORT`); a server that has the
    ///     process's loops then has a listener on each of them, among which the system shares out the clients.
    ///   - loop: the loop that accepts and serves; unless it is given, or the caller is on one, the process's loops
    ///     share the connections.
    ///   - report: what to do with the server's own news; nothing unless given.
    /// - Throws: as ``Listener/init(on:backlog:reusesPort:loop:)``.
    public convenience init(
        on endpoints: any EndpointConvertible..., limits: Limits = Limits(), reusesPort: Bool = false,
        loop: EventLoop? = nil, report: @escaping @Sendable (Event) -> Void = { _ in }, handler: @escaping Handler
    ) async throws(SocketError) {
        try await self.init(
            endpoints: endpoints, limits: limits, reusesPort: reusesPort, loop: loop, report: report, handler: handler)
    }

    package convenience init(
        endpoints: [any EndpointConvertible], limits: Limits, reusesPort: Bool, loop: EventLoop?,
        report: @escaping @Sendable (Event) -> Void, handler: @escaping Handler
    ) async throws(SocketError) {
        let known = loop ?? EventLoop.running
        let group = known == nil ? try EventLoopGroup.forStranger(.listen) : nil
        let listeners = try await Self.listeners(
            on: endpoints, backlog: limits.backlog, reusesPort: reusesPort, loop: known, group: group)
        self.init(listeners, sharing: group, limits: limits, report: report, handler: handler)
    }

    /// Takes over a socket that is bound, or listens already; if this throws it is closed.
    ///
    /// - Throws: as ``Listener/init(adopting:backlog:loop:)``.
    public convenience init(
        adopting socket: consuming Socket, limits: Limits = Limits(), loop: EventLoop? = nil,
        report: @escaping @Sendable (Event) -> Void = { _ in }, handler: @escaping Handler
    ) async throws(SocketError) {
        let known = loop ?? EventLoop.running
        let group = known == nil ? try EventLoopGroup.forStranger(.listen) : nil
        let listener = try await Listener(adopting: socket, backlog: limits.backlog, loop: known ?? group?.next())
        self.init(
            [listener], sharing: group, limits: limits, report: report,
            handler: handler)
    }

    /// Takes over listeners of any kind. Each connection stays on its listener's loop.
    ///
    /// - Precondition: there is at least one.
    public convenience init(
        listeners: [Listener], limits: Limits = Limits(), report: @escaping @Sendable (Event) -> Void = { _ in },
        handler: @escaping Handler
    ) {
        self.init(listeners, sharing: nil, limits: limits, report: report, handler: handler)
    }

    private init(
        _ listeners: [Listener], sharing group: EventLoopGroup?, limits: Limits,
        report: @escaping @Sendable (Event) -> Void, handler: @escaping Handler
    ) {
        precondition(!listeners.isEmpty, "a server has somewhere to listen")
        self.listeners = listeners
        self.group = group
        self.limits = limits
        self.report = report
        self.handler = handler
    }

    /// Where it listens, with the real ports; each address once.
    public var addresses: [SocketAddress] {
        var seen: Set<SocketAddress> = []
        return listeners.map(\.localAddress).filter { seen.insert($0).inserted }
    }

    /// How many listeners that takes: with `reusesPort` one for each loop.
    var listenerCount: Int { listeners.count }

    /// How many connections are being served.
    public var connectionCount: Int { clients.count }

    /// Accepts and serves until the server is drained.
    ///
    /// - Throws: `.cancelled` after a hard stop, once every handler has ended; what accepting failed with, if it is no
    ///   shortage that passes.
    public func run() async throws(SocketError) {
        try await listeners[0].loop.run(async: { [self] () async throws(SocketError) in try await serveAll() })
    }

    /// Stops accepting, and tells the handlers (``Connection/isDraining``); what is not done within the limit is
    /// cancelled. Returns at once: ``run()`` returns when it is over. Any thread may call this.
    public func drain(within limit: Duration = .seconds(25)) {
        for listener in listeners { listener.close() }
        clients.draining.set()
        listeners[0].loop.schedule(after: limit) { [clients] in clients.cancelAll() }
    }

    private nonisolated(nonsending) func serveAll() async throws(SocketError) {
        let failure = FirstFailure()
        await withDiscardingTaskGroup { group in
            for listener in listeners {
                group.addTask(executorPreference: listener.loop) { [self] in
                    if let error = await serve(listener) { failure.note(error) }
                }
            }
        }
        if Task.isCancelled { throw SocketError(.accept, .cancelled) }
        if let error = failure.error { throw error }
    }

    /// Serves one listener until it is closed; an error if it ended otherwise.
    private nonisolated(nonsending) func serve(_ listener: Listener) async -> SocketError? {
        await withDiscardingTaskGroup { handlers -> SocketError? in
            let (acceptor, loop) = (listener.acceptor, listener.loop)
            // Where the system shares out the clients of an address nobody else does.
            let isAlone = !listeners.contains { $0 !== listener && $0.localAddress == listener.localAddress }
            let group = isAlone ? group : nil
            var pause = AcceptPause()
            var batch = 0
            while true {
                do throws(SocketError) {
                    try await clients.waitForRoom(limits.connections, on: loop)
                    guard let transport = try acceptor.acceptNow() else {
                        batch = 0
                        try await acceptor.waitForClient(until: .never)
                        continue
                    }
                    if pause.end() { report(.acceptingResumed) }
                    start(transport, of: listener, sharing: group, in: &handlers)
                    batch += 1
                    if batch % Self.longestBatch == 0 { try await giveWay() }
                } catch {
                    guard error.isOutOfResources else {
                        listener.close()
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

    /// How many clients are accepted in one go. Where they never cease to come there is no wait, and without one nobody
    /// else on the loop would get their turn.
    private static let longestBatch = 64

    private nonisolated(nonsending) func giveWay() async throws(SocketError) {
        await Task.yield()
        if Task.isCancelled { throw SocketError(.accept, .cancelled) }
    }

    /// Hands a client to its handler before anything else can happen (law 8).
    private func start(
        _ transport: any Transport, of listener: Listener, sharing group: EventLoopGroup?,
        in handlers: inout DiscardingTaskGroup
    ) {
        guard let place = clients.enter(transport, perPeer: limits.connectionsPerPeer) else {
            report(.refused(peer: transport.peer))
            transport.close()
            return
        }
        let home = group?.next() ?? listener.loop
        if home !== listener.loop { transport.move(to: home) }
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
