// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// A stream of bytes in both directions, whatever carries it: TCP, UNIX, memory, a simulation.
///
/// ```swift
/// try await withConnection(to: "example.test:9999") { connection in
///     try await connection.send("hi\r\n")
///     while let received = try await connection.receive() { print(received.count) }
/// }
/// ```
///
/// One task at a time reads and one writes; a second one gets `.busy`. The end of the stream is nil, never an empty
/// read. Every call honours cancellation: it throws `.cancelled`, and what had been sent by then stays sent. Whoever
/// waits when the connection is closed gets `.closed`.
///
/// Whoever has a connection closes it. One that is dropped instead is closed all the same, and its loop is told
/// (``EventLoop/lostClose``): what that leaves to chance is when.
public final class Connection: Sendable, TaskOwned {
    let transport: any Transport
    /// The loop that the connection belongs to.
    public let loop: EventLoop
    private let readLimit = AtomicDeadline()
    private let writeLimit = AtomicDeadline()
    private let idleNanoseconds = Atomic<Int64>(.max)

    /// The task that serves the connection. Touched on the loop alone.
    private nonisolated(unsafe) var owner: TaskIdentity?

    /// How the connection stands to its server's drain.
    private let drainState = Atomic<UInt8>(0)

    /// What came and nobody has taken; nil until somebody reads ahead. Touched on the loop alone.
    private nonisolated(unsafe) var readAhead: Unread?

    /// What a trusted proxy said in front of it; set once.
    let proxied = AtomicLazyReference<ProxiedClient>()

    /// Whether somebody has let go of the connection, as somebody should.
    private let isLetGo = Atomic(false)

    /// The connection that goes on in this one's place, by way of a transport around this one's.
    private let successor = Mutex<Connection?>(nil)

    /// A connection over a transport of one's own.
    public init(_ transport: any Transport) {
        self.transport = transport
        loop = transport.loop
    }

    /// A connection in the place of another one, by way of a transport around that one's. Called on the loop.
    init(succeeding old: Connection, _ transport: any Transport) {
        self.transport = transport
        loop = transport.loop
        unsafe owner = unsafe old.owner
        unsafe readAhead = unsafe old.readAhead
        unsafe old.readAhead = nil
        readDeadline = old.readDeadline
        writeDeadline = old.writeDeadline
        idleLimit = old.idleLimit
        // From here on the new one hears of a drain; what came before is looked up.
        old.successor.withLock { $0 = self }
        old.isLetGo.store(true, ordering: .relaxed)
        drainState.bitwiseOr(old.drainState.load(ordering: .relaxed), ordering: .relaxed)
    }

    private var next: Connection? { successor.withLock { $0 } }

    /// Whether the server that this connection belongs to is being drained: finish what is under way, and end.
    public var isDraining: Bool { drainState.load(ordering: .relaxed) & Self.draining != 0 }

    /// Whether nothing is under way between two messages, so that a drain may end the connection there; false at first.
    ///
    /// While it is set and the server is drained, a receive that would wait with nothing unread returns nil, as at the
    /// peer's end, and one that waits so already does so at once; what has come is still received, and the rest of a
    /// line or frame that has begun is waited for. That goes for every way to receive: lines and frames too.
    ///
    /// A handler whose messages are single lines, frames or pieces sets it once. One whose requests are more than that
    /// (a head and a body, a transaction) takes it back while a request is under way. Any thread may set it.
    public var endsWhenDrained: Bool {
        get { drainState.load(ordering: .relaxed) & Self.yielding != 0 }
        set {
            if newValue {
                drainState.bitwiseOr(Self.yielding, ordering: .relaxed)
                wakeIfOver()
            } else {
                drainState.bitwiseAnd(~Self.yielding, ordering: .relaxed)
            }
        }
    }

    private static let draining: UInt8 = 1
    private static let yielding: UInt8 = 2
    private static let hasLookedLast: UInt8 = 4

    /// Whether a drain may end the connection where nothing is under way, and now is such a place.
    @inline(__always)
    var isOver: Bool {
        let both = Self.draining | Self.yielding
        return drainState.load(ordering: .relaxed) & both == both
    }

    /// Where it is over: whether a receive that would wait makes an attempt, or ends; nil where it goes on waiting, for
    /// something else than bytes.
    ///
    /// What has come may not have been announced yet: one attempt is a real one, whatever the transport knows, and
    /// where it finds nothing it was the last.
    @inline(never)
    func takeLastLook() -> Bool? {
        if transport.isHeldBack { return nil }
        let before = drainState.bitwiseOr(Self.hasLookedLast, ordering: .relaxed).oldValue
        if before & Self.hasLookedLast != 0 { return false }
        transport.wakeReceiver()
        return true
    }

    /// Bytes have come, and behind them there may be more.
    @inline(__always)
    func noteReceived(_ attempt: TransferAttempt) {
        if isOver, case .moved = attempt { drainState.bitwiseAnd(~Self.hasLookedLast, ordering: .relaxed) }
    }

    /// The server is drained from now on. Any thread may call this.
    func beginDraining() {
        drainState.bitwiseOr(Self.draining, ordering: .relaxed)
        wakeIfOver()
        next?.beginDraining()
    }

    /// What has come can still be received; behind that is the end, whatever the peer does. Any thread may call this.
    package func endWhereItWouldWait() {
        endsWhenDrained = true
        beginDraining()
    }

    private func wakeIfOver() {
        guard isOver else { return }
        loop.perform { [self] in if isOver && !hasUnread { transport.wakeReceiver() } }
    }

    /// The connection's own address.
    public var localAddress: SocketAddress? { transport.localAddress }
    /// The peer's address; it stays known after the connection is gone.
    public var peer: SocketAddress? { transport.peer }

    /// When waiting to receive ends with `.timedOut`; `.never` at first. It counts for a wait that goes on from its
    /// next one.
    public var readDeadline: LoopInstant {
        get { readLimit.instant }
        set { readLimit.instant = newValue }
    }

    /// When waiting to send ends with `.timedOut`; `.never` at first.
    public var writeDeadline: LoopInstant {
        get { writeLimit.instant }
        set { writeLimit.instant = newValue }
    }

    /// How long the peer may be silent: a wait that takes longer, to receive or to send, ends with `.timedOut`. Nil, as
    /// at first, for as long as it likes. What arrives in between starts the time anew.
    public var idleLimit: Duration? {
        get {
            let limit = idleNanoseconds.load(ordering: .relaxed)
            return limit == .max ? nil : .nanoseconds(limit)
        }
        set { idleNanoseconds.store(newValue?.wholeNanoseconds ?? .max, ordering: .relaxed) }
    }

    /// When a wait that begins now has been idle for too long.
    @inline(__always)
    var idleDeadline: LoopInstant {
        let limit = idleNanoseconds.load(ordering: .relaxed)
        return limit == .max ? .never : loop.timeNow.advanced(by: .nanoseconds(limit))
    }

    /// What came and nobody has taken.
    var unread: Unread {
        if let readAhead = unsafe readAhead { return readAhead }
        let made = Unread()
        unsafe readAhead = made
        return made
    }

    /// Whether ``unread`` has anything.
    @inline(__always)
    var hasUnread: Bool {
        if let readAhead = unsafe readAhead { !readAhead.isEmpty } else { false }
    }

    /// The task that calls this serves the connection from now on: whoever runs it cancels the transport as a whole
    /// when the task is cancelled, so that its waits need no handler of their own.
    package func own() {
        unsafe owner = TaskIdentity.current
        next?.own()
    }

    /// The connection has no such task any more.
    package func disown() {
        unsafe owner = nil
        next?.disown()
    }

    @inline(__always)
    nonisolated(nonsending) func wait(
        at waiting: Waiting, _ operation: SocketError.Operation, until deadline: LoopInstant
    ) async throws(SocketError) {
        try await waiting.wait(operation, until: Deadline.earliest(deadline), owner: unsafe owner) { transport.peer }
    }

    /// Ends the sending direction: the peer sees the end of the stream, and may go on sending.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.broken`, ``SocketError/isNotConnected``; `.busy` while a task sends.
    public nonisolated(nonsending) func shutdownSending() async throws(SocketError) {
        if loop.isCurrent { return try transport.shutdownSending() }
        try await loop.run { [transport] () throws(SocketError) in try transport.shutdownSending() }
    }

    /// Lets go of the connection. What was sent still arrives; who waits here gets `.closed`. Any thread may call this,
    /// again and again.
    public func close() {
        isLetGo.store(true, ordering: .relaxed)
        if let next { next.close() } else { transport.close() }
    }

    /// Throws the connection away: the peer sees a reset. (UNIX connections have none: their peer sees the end, and a
    /// reset only if bytes of its were unread.) Any thread may call this, again and again.
    public func abort() {
        isLetGo.store(true, ordering: .relaxed)
        if let next { next.abort() } else { transport.abort() }
    }

    /// Gives the transport to somebody else, who closes it: this connection is not to be used again.
    func handOver() -> any Transport {
        isLetGo.store(true, ordering: .relaxed)
        return transport
    }

    /// The hard stop, for whoever runs the task that serves the connection. Any thread may call this.
    package func cancel() { if let next { next.cancel() } else { transport.cancel() } }

    deinit {
        if isLetGo.load(ordering: .relaxed) { return }
        loop.perform { [loop, transport] in
            loop.lostClose?(transport.peer)
            transport.close()
        }
    }

    /// Two connections of one loop, each the other's peer.
    ///
    /// - Throws: ``SocketError/isOutOfResources``.
    public static func pair(on loop: EventLoop? = nil) async throws(SocketError) -> (Connection, Connection) {
        let loop = try EventLoop.forCaller(loop, .open)
        return try await loop.run { () throws(SocketError) in
            let pair = try loop.driver.makePair()
            return (Connection(pair.0), Connection(pair.1))
        }
    }
}
