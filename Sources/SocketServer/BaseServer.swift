// SPDX-License-Identifier: Apache-2.0
//
// Facts:    Python's shutdown waits for the end of serve_forever, and so dead-locks when a handler of the same thread
//           calls it, and when nobody serves yet.
// Decision: the wish to end is a descriptor that stays readable: it ends a wait, is remembered until somebody serves,
//           and reaches the server from a forked child as well. Waiting for the end is only for those whom serving does
//           not wait for: not the thread that serves, nor a child.
import Reactor
public import Sockets
import Synchronization

/// What the four servers have in common: a socket, a ``RequestConcurrency``, ``ServerOverrides``, and the verbs.
///
/// ```swift
/// let server = try TCPServer(on: ":1234", concurrency: .threads(maximum: 64), handler: Greeter.init)
/// print("listening on", server.address)
/// try server.serveForever()
/// ```
/// A server listens once it is made. One thread at a time serves; ``shutdown()`` ends that from anywhere. Errors of
/// handlers end their own request and go to ``ServerOverrides/handleError(_:_:_:)``.
///
/// Python: `socketserver.BaseServer`.
public class BaseServer: @unchecked Sendable, Selectable {
    /// Its settings.
    public let configuration: ServerConfiguration
    /// How it handles several requests at a time.
    public let concurrency: RequestConcurrency
    /// What is done in place of the defaults.
    public let overrides: any ServerOverrides
    /// Where it is, with the real port. Python: `server_address`.
    public let address: SocketAddress
    /// How its socket carries bytes. Python: `socket_type`.
    public let socketKind: SocketKind

    let runner: RequestRunner
    let report: (@Sendable (Server.Event) -> Void)?
    let waits: ServerWaits
    let state: Monitor<State>
    /// For blocking handlers of a server with tasks.
    let pool: BlockingPool

    /// What threads share.
    struct State: Sendable {
        var listener: SharedSocket?
        /// The requests that are being handled in this process, by their numbers.
        var active: [Int: ActiveRequest] = [:]
        var lastNumber = 0
        var children: [RequestChild] = []
        /// Handed over to the tasks, and not begun.
        var pending: [(number: Int, request: IncomingRequest)] = []
        var isServing = false
        /// Forked, to handle one request.
        var isChild = false
    }

    /// A request that is being handled.
    struct ActiveRequest: Sendable {
        let request: IncomingRequest
        let begun: LoopInstant
        var isOverdue = false
    }

    /// The server that this thread serves; see ``shutdown()``.
    static let servedHere = ThreadSlot()

    init(
        on endpoint: some EndpointConvertible, _ kind: SocketKind, families: Set<AddressFamily>,
        _ settings: ServerSettings, _ runner: RequestRunner
    ) throws(SocketError) {
        precondition(settings.concurrency.maximum >= 1, "a server handles a request at a time at least")
        let overrides = settings.overrides
        var options = ServerSocketOptions()
        options.family = settings.configuration.addressFamily
        options.backlog = settings.configuration.requestQueueSize
        options.reusesAddress = settings.configuration.allowsReuseAddress
        options.reusesPort = settings.configuration.allowsReusePort
        var socket = try Socket.serving(on: endpoint, kind, options) { socket throws(SocketError) in
            guard families.contains(socket.family) else {
                let wanted = families.contains(.unix) ? "a UNIX path" : "an IP address"
                throw SocketError(.bind, .invalid("it is \(socket.family), and this server has \(wanted)"))
            }
            try overrides.serverBind(socket)
        }
        // A handler may send by the server's socket too: nobody waits for ever there.
        try socket.setTimeLimit(kind == .stream ? .zero : settings.configuration.replyLimit)
        try overrides.serverActivate(socket)
        address = try socket.localAddress
        socketKind = kind
        configuration = settings.configuration
        concurrency = settings.concurrency
        self.overrides = overrides
        report = settings.report
        self.runner = runner
        pool = BlockingPool(maximumThreads: min(settings.concurrency.maximum, 512), maximumQueued: 0)
        let listener = SharedSocket(socket)
        waits = try ServerWaits(listener: listener.descriptor)
        state = Monitor(State(listener: listener))
    }

    /// The listening socket, or the one for datagrams; nil once the server is closed. Python: `socket`.
    public var socket: SharedSocket? { state.withLock { $0.listener } }

    /// The socket's descriptor, for selectors: readable when ``handleRequest(within:)`` would not wait. −1 once the
    /// server is closed. Python: `fileno`.
    public var descriptor: FileDescriptor { socket?.descriptor ?? FileDescriptor(rawValue: -1) }

    /// How many requests are being handled. Python: `active_children`, and the length of its list of threads.
    public var activeRequests: Int { state.withLock { $0.active.count + $0.children.count } }

    /// Whether somebody serves.
    public var isServing: Bool { state.withLock { $0.isServing } }

    /// Ends serving: no request is taken any more, and ``serveForever(pollInterval:)`` returns once the handlers that
    /// are under way have ended. Any thread may call this, and any handler: in another thread, in another process or on
    /// the loop.
    ///
    /// Waits until no further request can be taken, unless the caller is what that would wait for. If a `.sequential`
    /// server's handler does not end within ``ServerConfiguration/closeLimit`` its client's socket is shut down, and a
    /// datagram is answered no more. When nobody serves, whoever is next to serve ends at once.
    ///
    /// - Returns: whether nobody takes requests any more; false from a child, and where the caller did not wait.
    ///
    /// Python: `shutdown`, which dead-locks in the first two cases.
    @discardableResult
    public func shutdown() -> Bool {
        waits.requestStop()
        if servesHere || state.withLock({ $0.isChild }) { return false }
        if waitForEndOfServing(configuration.closeLimit) { return true }
        abortActive()
        return waitForEndOfServing(.seconds(1))
    }

    private func waitForEndOfServing(_ limit: Duration) -> Bool {
        state.wait(atMost: limit) { state in
            state.isServing ? nil : true
        } otherwise: { _ in
        } ?? false
    }

    /// Stops listening, and waits for what is under way (``ServerConfiguration/blocksOnClose``). A UNIX path that the
    /// server made is removed. A server that is dropped without this stops listening all the same.
    ///
    /// A handler that ends its own server calls ``shutdown()``: here it would wait for itself.
    ///
    /// - Throws: `.timedOut` when handlers on threads did not end, even after their sockets were shut down: they go on.
    ///
    /// Python: `server_close`.
    public func close() throws(SocketError) {
        shutdown()
        let listener = state.withLock { state in state.listener.take() }
        if listener != nil { waits.forgetListener() }
        if !servesHere { try endHandlers() }
    }

    /// Whether the thread that asks is the one that serves.
    private var servesHere: Bool { unsafe Self.servedHere.value == Unmanaged.passUnretained(self).toOpaque() }

    /// Breaks off every request that this process handles.
    func abortActive() {
        let active = state.withLock { $0.active }
        for (_, entry) in active.sorted(by: { $0.key < $1.key }) { entry.request.abort() }
    }

    func tell(_ event: Server.Event) { report?(event) }
}

/// What every server is made with.
struct ServerSettings {
    let configuration: ServerConfiguration
    let concurrency: RequestConcurrency
    let overrides: any ServerOverrides
    let report: (@Sendable (Server.Event) -> Void)?
}

/// Runs `body` with a server, and closes it whatever comes. Python: `with TCPServer(…) as server:`.
///
/// - Throws: what `body` throws; else as ``BaseServer/close()``.
public func withServer<Running: BaseServer, Result>(
    _ server: Running, _ body: (Running) throws -> Result
) throws -> Result {
    let result: Result
    do { result = try body(server) } catch {
        try? server.close()
        throw error
    }
    try server.close()
    return result
}
