// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// A socket for datagrams, whatever carries them: UDP, UNIX, memory, a simulation. It is a sequence of what arrives.
///
/// ```swift
/// try await withDatagramSocket(on: ":8080") { socket in
///     for try await datagram in socket {
///         try await socket.send("got \(datagram.bytes.count)", to: datagram.sender)
///     }
/// }
/// ```
///
/// A datagram is sent whole or not at all, and arrives whole, or cut and saying so, or not at all: UDP loses, doubles
/// and overtakes. What arrived here and found no room is counted (``droppedCount()``).
///
/// Under load the sequence receives many with one system call; ``receiveBatch(upTo:)`` and
/// ``send(_:)-([OutgoingDatagram])`` hand such batches to the program.
///
/// One task at a time waits to receive and one to send; a second one gets `.busy`. Every call honours cancellation: it
/// throws `.cancelled`, and has then neither taken nor sent a datagram. Whoever waits when the socket is closed gets
/// `.closed`.
///
/// RFC 768; `udp(7)`, `unix(7)`.
public final class DatagramSocket: Sendable, TaskOwned {
    /// The most bytes of a datagram that ``receive()`` takes unless told otherwise: no UDP datagram is longer (65,507
    /// bytes over IPv4, 65,527 over IPv6).
    public static let defaultMaximumLength = 65_536

    /// The most datagrams that ``receiveBatch(upTo:)`` returns, and that one system call takes.
    public static let maximumBatch = DatagramRoom.capacity

    let transport: any DatagramTransport
    /// What was received with others. Touched on the loop alone.
    nonisolated(unsafe) var backlog = DatagramBacklog()
    /// The task that uses the socket. Touched on the loop alone.
    private nonisolated(unsafe) var owner: TaskIdentity?
    /// The most bytes of a datagram that ``receive()`` takes; what is longer arrives truncated, and says so.
    public let maximumLength: Int

    private let readLimit = AtomicDeadline()
    private let writeLimit = AtomicDeadline()
    private let addresses: Mutex<(local: SocketAddress, peer: SocketAddress?)>
    let received = Atomic<Int>(0)
    let sent = Atomic<Int>(0)

    /// A socket over a transport; called on the transport's loop.
    package init(_ transport: any DatagramTransport, maximumLength: Int = DatagramSocket.defaultMaximumLength) {
        self.transport = transport
        self.maximumLength = maximumLength
        addresses = Mutex((transport.localAddress, transport.peer))
    }

    deinit { transport.close() }

    /// What a socket is opened with.
    public struct Options: Sendable {
        /// The most bytes of a datagram that ``DatagramSocket/receive()`` takes, at least 1. Under load it is worth
        /// naming one: what is received together lies the closer together in memory, the less each of them may have.
        public var maximumLength: Int
        /// Whether several sockets may have the address, if all of them say so: each gets every datagram to a group,
        /// and one of them each other datagram. C: `SO_REUSEADDR`, `SO_REUSEPORT`.
        public var sharesAddress: Bool
        /// Whether datagrams may be sent to broadcast addresses. C: `SO_BROADCAST`.
        public var allowsBroadcast: Bool
        /// Whether each datagram tells which way it came (``Datagram/path``). C: `IP_PKTINFO`.
        public var tellsPath: Bool
        /// How many bytes may wait to be received; as many as the system likes for nil. C: `SO_RCVBUF`.
        public var receiveBuffer: Int?
        /// How many bytes may wait to be sent; as many as the system likes for nil. C: `SO_SNDBUF`.
        public var sendBuffer: Int?

        /// Options; without arguments the defaults.
        public init(
            maximumLength: Int = DatagramSocket.defaultMaximumLength, sharesAddress: Bool = false,
            allowsBroadcast: Bool = false, tellsPath: Bool = false, receiveBuffer: Int? = nil, sendBuffer: Int? = nil
        ) {
            self.maximumLength = maximumLength
            self.sharesAddress = sharesAddress
            self.allowsBroadcast = allowsBroadcast
            self.tellsPath = tellsPath
            self.receiveBuffer = receiveBuffer
            self.sendBuffer = sendBuffer
        }
    }

    // MARK: What it is

    /// The loop that the socket belongs to.
    public var loop: EventLoop { transport.loop }
    /// The socket's own address, with its real port. Connecting may make it more exact.
    public var localAddress: SocketAddress { addresses.withLock { $0.local } }
    /// The only one to receive from, and whom to send to by default; nil until ``connect(to:)``.
    public var peer: SocketAddress? { addresses.withLock { $0.peer } }

    /// How many datagrams were received.
    public var receivedCount: Int { received.load(ordering: .relaxed) }
    /// How many datagrams were sent: the system took them, and that is all that can be known.
    public var sentCount: Int { sent.load(ordering: .relaxed) }

    /// How many datagrams arrived here and were thrown away: there was no room, because nobody had received those
    /// before them, or they were damaged. Of what arrives on one machine, what was received and what was dropped make
    /// what was sent. 0 where the system does not tell.
    ///
    /// C: `SO_MEMINFO`.
    public nonisolated(nonsending) func droppedCount() async throws(SocketError) -> Int {
        try await loop.run { [transport] () throws(SocketError) in transport.droppedCount }
    }

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

    /// The task that calls this uses the socket from now on: whoever runs it cancels the transport as a whole when the
    /// task is cancelled, so that its waits need no handler of their own.
    package func own() { unsafe owner = TaskIdentity.current }

    /// The socket has no such task any more.
    package func disown() { unsafe owner = nil }

    /// The hard stop: who waits gets `.cancelled`, and so does every call after it.
    package func cancel() { transport.cancel() }

    @inline(__always)
    nonisolated(nonsending) func waitUntilReadable() async throws(SocketError) {
        guard let waiting = try transport.waitToReceive() else { return }
        unsafe backlog.rest()
        let deadline = Deadline.earliest(readDeadline)
        try await waiting.wait(.receive, until: deadline, owner: unsafe owner) { peer ?? localAddress }
    }

    nonisolated(nonsending) func waitUntilWritable() async throws(SocketError) {
        guard let waiting = try transport.waitToSend() else { return }
        let deadline = Deadline.earliest(writeDeadline)
        try await waiting.wait(.send, until: deadline, owner: unsafe owner) { peer ?? localAddress }
    }

    /// Reads both addresses again; on the loop.
    func refreshAddresses() {
        addresses.withLock { $0 = (transport.localAddress, transport.peer) }
    }

    /// Lets go of the socket: who waits here gets `.closed`, a sequence of its datagrams ends. Any thread may call
    /// this, again and again.
    public func close() { transport.close() }
}
