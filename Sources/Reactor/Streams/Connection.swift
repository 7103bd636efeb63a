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
public final class Connection: Sendable {
    let transport: any Transport
    /// The loop that the connection belongs to.
    public let loop: EventLoop
    private let readLimit = Atomic<Int64>(LoopInstant.never.nanoseconds)
    private let writeLimit = Atomic<Int64>(LoopInstant.never.nanoseconds)
    private let idleNanoseconds = Atomic<Int64>(.max)

    /// The task that serves the connection. Touched on the loop alone.
    private nonisolated(unsafe) var owner: TaskIdentity?

    private let draining: Flag?

    /// What has come and nobody has taken; touched by the loop's thread alone.
    nonisolated(unsafe) var unread = Unread()

    /// A connection over a transport of one's own.
    public convenience init(_ transport: any Transport) { self.init(transport, draining: nil) }

    init(_ transport: any Transport, draining: Flag?) {
        self.transport = transport
        loop = transport.loop
        self.draining = draining
    }

    /// Whether the server that this connection belongs to is being drained: finish what is under way, and end.
    public var isDraining: Bool { draining?.isSet ?? false }

    /// The connection's own address.
    public var localAddress: SocketAddress? { transport.localAddress }
    /// The peer's address; it stays known after the connection is gone.
    public var peer: SocketAddress? { transport.peer }

    /// When waiting to receive ends with `.timedOut`; `.never` at first. It counts for a wait that goes on from its
    /// next one.
    public var readDeadline: LoopInstant {
        get { LoopInstant(nanoseconds: readLimit.load(ordering: .relaxed)) }
        set { readLimit.store(newValue.nanoseconds, ordering: .relaxed) }
    }

    /// When waiting to send ends with `.timedOut`; `.never` at first.
    public var writeDeadline: LoopInstant {
        get { LoopInstant(nanoseconds: writeLimit.load(ordering: .relaxed)) }
        set { writeLimit.store(newValue.nanoseconds, ordering: .relaxed) }
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

    /// The task that calls this serves the connection from now on: whoever runs it cancels the transport as a whole
    /// when the task is cancelled, so that its waits need no handler of their own.
    func own() { unsafe owner = TaskIdentity.current }

    /// The connection has no such task any more.
    func disown() { unsafe owner = nil }

    @inline(__always)
    nonisolated(nonsending) func wait(
        at waiting: Waiting, _ operation: SocketError.Operation, until deadline: LoopInstant
    ) async throws(SocketError) {
        try await waiting.wait(operation, until: Deadline.earliest(deadline), owner: unsafe owner) { transport.peer }
    }

    /// Ends the sending direction: the peer sees the end of the stream, and may go on sending.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.broken`, ``SocketError/isNotConnected``.
    public nonisolated(nonsending) func shutdownSending() async throws(SocketError) {
        if loop.isCurrent { return try transport.shutdownSending() }
        try await loop.run { [transport] () throws(SocketError) in try transport.shutdownSending() }
    }

    /// Lets go of the connection. What was sent still arrives; who waits here gets `.closed`. Any thread may call this,
    /// again and again.
    public func close() { transport.close() }

    /// Throws the connection away: the peer sees a reset. Any thread may call this, again and again.
    public func abort() { transport.abort() }

    deinit { transport.close() }

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
