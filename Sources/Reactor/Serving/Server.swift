// SPDX-License-Identifier: Apache-2.0
public import Logging
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
///
/// What a server tells of itself is an ``Event``. It goes to a closure, to a logger and to ``ServerMetrics``, to each
/// that is given; where none is, nothing is paid for it. The logger's texts and keys are stable:
///
/// | level | message | keys |
/// |---|---|---|
/// | debug | `connection accepted` | `peer` |
/// | debug | `connection ended` | `peer`, `seconds` |
/// | debug | `connection failed`: a handler's error that its peer can bring about | `peer`, `error` |
/// | info | `connection refused` | `peer` |
/// | info | `connection denied`: its address may not come | `peer` |
/// | notice | `accepting resumed` | |
/// | warning | `accepting paused` | `error` |
/// | error | `handler failed` | `peer`, `error` |
///
/// ``EventLoop/logTrouble(to:turnsOver:)`` adds what goes wrong on a loop: it belongs to no server.
public final class Server: Sendable {
    /// What one connection is served by.
    public typealias Handler = nonisolated(nonsending) @Sendable (Connection) async throws -> Void

    /// The bounds of a server.
    public struct Limits: Sendable {
        /// Connections that are served at a time; further ones wait in the system's queue.
        public var connections = 10_000
        /// Connections from one address that are served at a time; further ones are closed.
        public var connectionsPerPeer = Int.max
        /// Whose connections are served; those of others are closed at once, and told as ``Event/denied(peer:)``.
        public var addresses = AddressFilter.everybody
        /// Finished connections that wait to be accepted.
        public var backlog = 1024

        /// The defaults.
        public init() {}
    }

    private let listeners: [Listener]
    /// The loops that share the connections; nil for each listener's own alone.
    private let group: EventLoopGroup?
    private let limits: Limits
    private let news: ServerNews
    private let handler: Handler
    private let clients: ClientList
    private let shortage = Shortage()
    /// How many listeners are being accepted from.
    private let accepting = Atomic(0)
    /// With metrics only.
    private let probes: LoopProbes?

    /// Listens: when this returns clients can connect.
    ///
    /// - Parameters:
    ///   - endpoints: where to listen, one or several, of any kind: `":80"`, `"unix:/run/app"`, `"systemd:web"`.
    ///   - reusesPort: lets other sockets listen on the same TCP ports (`SO_REUSEPORT`); a server that has the
    ///     process's loops then has a listener on each of them, among which the system shares out the clients.
    ///   - loop: the loop that accepts and serves; unless it is given, or the caller is on one, the process's loops
    ///     share the connections.
    ///   - logger: where the server's news is written.
    ///   - metrics: where it is counted.
    ///   - report: what else to do with it.
    /// - Throws: as ``Listener/init(on:backlog:reusesPort:loop:)``.
    public convenience init(
        on endpoints: any EndpointConvertible..., limits: Limits = Limits(), reusesPort: Bool = false,
        loop: EventLoop? = nil, logger: Logger? = nil, metrics: ServerMetrics? = nil,
        report: (@Sendable (Event) -> Void)? = nil, handler: @escaping Handler
    ) async throws(SocketError) {
        try await self.init(
            endpoints: endpoints, limits: limits, reusesPort: reusesPort, loop: loop, logger: logger, metrics: metrics,
            report: report, handler: handler)
    }

    package convenience init(
        endpoints: [any EndpointConvertible], limits: Limits, reusesPort: Bool, loop: EventLoop?,
        logger: Logger? = nil, metrics: ServerMetrics? = nil, report: (@Sendable (Event) -> Void)?,
        handler: @escaping Handler
    ) async throws(SocketError) {
        let known = loop ?? EventLoop.running
        let group = known == nil ? try EventLoopGroup.forStranger(.listen) : nil
        let listeners = try await Self.listeners(
            on: endpoints, backlog: limits.backlog, reusesPort: reusesPort, loop: known, group: group)
        let news = ServerNews(report: report, logger: logger, metrics: metrics)
        self.init(listeners, sharing: group, limits: limits, news: news, handler: handler)
    }

    /// Takes over a socket that is bound, or listens already; if this throws it is closed.
    ///
    /// - Throws: as ``Listener/init(adopting:backlog:loop:)``.
    public convenience init(
        adopting socket: consuming Socket, limits: Limits = Limits(), loop: EventLoop? = nil,
        logger: Logger? = nil, metrics: ServerMetrics? = nil, report: (@Sendable (Event) -> Void)? = nil,
        handler: @escaping Handler
    ) async throws(SocketError) {
        let known = loop ?? EventLoop.running
        let group = known == nil ? try EventLoopGroup.forStranger(.listen) : nil
        let listener = try await Listener(adopting: socket, backlog: limits.backlog, loop: known ?? group?.next())
        self.init(
            [listener], sharing: group, limits: limits,
            news: ServerNews(report: report, logger: logger, metrics: metrics), handler: handler)
    }

    /// Takes over listeners of any kind. Each connection stays on its listener's loop.
    ///
    /// - Precondition: there is at least one.
    public convenience init(
        listeners: [Listener], limits: Limits = Limits(), logger: Logger? = nil, metrics: ServerMetrics? = nil,
        report: (@Sendable (Event) -> Void)? = nil, handler: @escaping Handler
    ) {
        let news = ServerNews(report: report, logger: logger, metrics: metrics)
        self.init(listeners, sharing: nil, limits: limits, news: news, handler: handler)
    }

    private init(
        _ listeners: [Listener], sharing group: EventLoopGroup?, limits: Limits, news: ServerNews,
        handler: @escaping Handler
    ) {
        precondition(!listeners.isEmpty, "a server has somewhere to listen")
        self.listeners = listeners
        self.group = group
        self.limits = limits
        self.news = news
        self.handler = handler
        clients = ClientList(perPeer: limits.connectionsPerPeer)
        probes = news.metrics.map { LoopProbes($0, on: (group?.loops ?? []) + listeners.map(\.loop)) }
    }

    /// Where it listens, with the real ports; each address once.
    public var addresses: [SocketAddress] {
        var seen: Set<SocketAddress> = []
        return listeners.map(\.localAddress).filter { seen.insert($0).inserted }
    }

    /// How many listeners that takes: with `reusesPort` one for each loop.
    var listenerCount: Int { listeners.count }

    /// Whether it accepts, at one of its addresses at least. asyncio: `Server.is_serving`.
    public var isServing: Bool { accepting.load(ordering: .relaxed) > 0 }

    /// How many connections are being served.
    public var connectionCount: Int { clients.count }

    /// Accepts and serves until the server is drained.
    ///
    /// - Throws: `.cancelled` after a hard stop, once every handler has ended; `.timedOut` at the task's own deadline;
    ///   what accepting failed with, if it is no shortage that passes.
    public func run() async throws(SocketError) {
        try await listeners[0].loop.run(async: { [self] () async throws(SocketError) in try await serveAll() })
    }

    /// Stops accepting, and lets what is under way come to its end; what is not done within the limit is cancelled.
    /// Returns at once: ``run()`` returns when it is over. Any thread may call this.
    ///
    /// What is under way the handlers know. One that says ``Connection/endsWhenDrained`` has its next receive end as if
    /// the peer had ended, as soon as nothing has come that is unanswered, so that an idle client holds nobody up:
    ///
    /// ```swift
    /// let server = try await Server(on: ":9999") { connection in
    ///     connection.endsWhenDrained = true
    ///     for try await line in connection.lines { try await connection.send("[\(CTime.now())] \(line)\r\n") }
    /// }
    /// ```
    /// Any other goes on until it is done, or sees ``Connection/isDraining``.
    ///
    /// Go: `http.Server.Shutdown`, which knows of itself when its connections are idle.
    public func drain(within limit: Duration = .seconds(25)) {
        for listener in listeners { listener.close() }
        clients.drain()
        listeners[0].loop.schedule(after: limit) { [clients] in clients.cancelAll() }
    }

    /// Closes every connection that there is, as ``Connection/close()`` does: what was sent goes out, unless bytes of
    /// the peer's are unread. The handlers' next calls throw `.closed`, which nobody is told of. New clients are served
    /// as before. Any thread may call this. asyncio: `Server.close_clients`.
    public func closeClients() { clients.letAllGo { $0.close() } }

    /// Resets every connection that there is, whatever is still to be sent; for the handlers as ``closeClients()``. Any
    /// thread may call this. asyncio: `Server.abort_clients`.
    public func abortClients() { clients.letAllGo { $0.abort() } }

    private nonisolated(nonsending) func serveAll() async throws(SocketError) {
        let failure = FirstFailure()
        probes?.start()
        // One handler for all clients. Their tasks are cancelled with this one and no other way; with a handler of
        // its own each would need a second kilobyte of frames.
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for listener in listeners {
                    group.addTask(executorPreference: listener.loop) { [self] in
                        if let error = await serve(listener) { failure.note(error) }
                    }
                }
            }
        } onCancel: {
            clients.cancelAll()
        }
        await probes?.stop()
        if Task.isCancelled { throw SocketError(.accept, .cancelled) }
        if let error = failure.error { throw error }
    }

    /// Serves one listener until it is closed; an error if it ended otherwise.
    private nonisolated(nonsending) func serve(_ listener: Listener) async -> SocketError? {
        await withDiscardingTaskGroup { handlers -> SocketError? in
            accepting.add(1, ordering: .relaxed)
            let failure = await accept(from: listener, in: &handlers)
            accepting.subtract(1, ordering: .relaxed)
            await clients.waitForEnd(on: listener.loop)
            // The drain's time is up: whatever they wait for, and be it no connection, ends now.
            if clients.isOver { handlers.cancelAll() }
            return failure
        }
    }

    /// Accepts until the listener is closed; an error if it ended otherwise.
    private nonisolated(nonsending) func accept(
        from listener: Listener, in handlers: inout DiscardingTaskGroup
    ) async -> SocketError? {
        let (acceptor, loop) = (listener.acceptor, listener.loop)
        // Where the system shares out the clients of an address nobody else does.
        let isAlone = !listeners.contains { $0 !== listener && $0.localAddress == listener.localAddress }
        let group = isAlone ? group : nil
        var pause = AcceptPause()
        while true {
            do throws(SocketError) {
                try await clients.waitForSeat(limits.connections, on: loop)
                guard let transport = try takeClient(of: acceptor) else {
                    try await waitForClient(of: acceptor, &pause, on: loop)
                    continue
                }
                if pause.end(at: loop.now) { shortage.ends(news) }
                start(transport, of: listener, sharing: group, in: &handlers)
            } catch {
                do throws(SocketError) { try await rest(after: error, acceptor, &pause, on: loop) } catch {
                    listener.close()
                    if pause.isInShortage { shortage.isLeft() }
                    return error.reason == .closed || error.reason == .cancelled ? nil : error
                }
            }
        }
    }

    /// Takes a client for the seat that is kept; nil, and the seat is given back, when none waits.
    private func takeClient(of acceptor: any Acceptor) throws(SocketError) -> (any Transport)? {
        do throws(SocketError) {
            if let transport = try acceptor.acceptNow() { return transport }
        } catch {
            clients.giveBackSeat()
            throw error
        }
        clients.giveBackSeat()
        return nil
    }

    /// Waits until somebody may be there; in a shortage also until that is over.
    private nonisolated(nonsending) func waitForClient(
        of acceptor: any Acceptor, _ pause: inout AcceptPause, on loop: EventLoop
    ) async throws(SocketError) {
        let calmAt = pause.calmAt
        do throws(SocketError) { try await acceptor.waitForClient(until: Deadline.earliest(calmAt)) } catch {
            guard error.reason == .timedOut, calmAt < Deadline.current else { throw error }
            if pause.end(at: max(calmAt, loop.now)) { shortage.ends(news) }
        }
    }

    /// Waits until a shortage may have passed.
    ///
    /// - Throws: `error`, if it is no shortage; `.cancelled`, `.timedOut` at the task's own deadline.
    private nonisolated(nonsending) func rest(
        after error: SocketError, _ acceptor: any Acceptor, _ pause: inout AcceptPause, on loop: EventLoop
    ) async throws(SocketError) {
        guard error.isOutOfResources else { throw error }
        let now = loop.world.now()
        if now >= Deadline.current { throw SocketError(.accept, .timedOut) }
        let (length, isNews) = pause.begin(at: now)
        if isNews { shortage.begins(with: error, news) }
        if pause.wasInVain { pause.shed(acceptor) }
        let end = Deadline.earliest(now.advanced(by: length))
        pause.wasInVain = try await !clients.waitForDeparture(until: end, on: loop)
    }

    /// Hands a client to its handler before anything else can happen (law 8).
    private func start(
        _ transport: any Transport, of listener: Listener, sharing group: EventLoopGroup?,
        in handlers: inout DiscardingTaskGroup
    ) {
        guard limits.addresses.admits(transport.peer) else {
            clients.giveBackSeat()
            news.tell(.denied(peer: transport.peer))
            transport.close()
            return
        }
        let home = group?.next() ?? listener.loop
        // Before anybody else may know of it: whoever cancels it asks for its loop.
        if home !== listener.loop { transport.move(to: home) }
        let connection = Connection(probes?.counting(transport) ?? transport)
        // Where nobody wants to know how long it took, not even the clock is read.
        let now = news.isWanted ? listener.loop.timeNow : .never
        guard let number = clients.enter(connection, at: now) else {
            clients.giveBackSeat()
            news.tell(.refused(peer: transport.peer))
            // Closed here and now: by a loop that has other things to do a flood would be refused more slowly than it
            // comes, and take every descriptor.
            if home !== listener.loop { transport.move(to: listener.loop) }
            connection.close()
            return
        }
        news.tell(.accepted(peer: transport.peer))
        handlers.addTask(executorPreference: home) { [self] in
            connection.own()
            do { try await handler(connection) } catch { note(error, of: connection, number) }
            end(connection, number)
        }
    }

    // These are never inlined, so that their variables are not in the frame of every task that serves.

    @inline(never)
    private func end(_ connection: Connection, _ number: Int) {
        connection.disown()
        connection.close()
        guard let since = clients.leave(number), news.isWanted else { return }
        news.tell(.ended(peer: connection.peer, after: since.duration(to: connection.loop.timeNow)))
    }

    @inline(never)
    private func note(_ error: any Error, of connection: Connection, _ number: Int) {
        // Being cancelled, or closed by the server, is no failure of the handler's.
        let failure = error as? SocketError ?? (error as? FrameError)?.connectionError
        let isCancellation = failure?.reason == .cancelled || error is CancellationError
        let isLetGo = failure?.reason == .closed && clients.isLetGo(number)
        if !isCancellation && !isLetGo { news.tell(.handlerFailed(error, peer: connection.peer)) }
    }
}

/// The news of a shortage: descriptors and memory are the process's, and a line for each of many listeners would say
/// nothing more. Told when the first listener is in it, and when the last one is out of it.
private final class Shortage: Sendable {
    private let listeners = Mutex(0)

    // Told under the lock, so that of two loops none tells of the end after the other has told of the next beginning.

    func begins(with error: SocketError, _ news: ServerNews) {
        listeners.withLock { count in
            count += 1
            if count == 1 { news.tell(.acceptingPaused(error)) }
        }
    }

    func ends(_ news: ServerNews) {
        listeners.withLock { count in
            count -= 1
            if count == 0 { news.tell(.acceptingResumed) }
        }
    }

    /// One that is in it accepts no more.
    func isLeft() { listeners.withLock { $0 -= 1 } }
}

/// The first of the errors of several tasks.
private final class FirstFailure: Sendable {
    private let first = Mutex<SocketError?>(nil)

    func note(_ error: SocketError) { first.withLock { $0 = $0 ?? error } }

    var error: SocketError? { first.withLock { $0 } }
}
