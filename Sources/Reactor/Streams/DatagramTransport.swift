// SPDX-License-Identifier: Apache-2.0
package import Sockets
import SystemPackage

/// What carries a socket's datagrams: UDP, UNIX, memory, a simulation.
///
/// Attempts are synchronous and never wait; for each direction there is one place to wait. All of it is called on the
/// transport's loop, by one task at a time per direction; ``close()`` and ``cancel()`` may be called from any thread,
/// again and again.
package protocol DatagramTransport: AnyObject, Sendable {
    /// The loop that the transport belongs to.
    var loop: EventLoop { get }
    /// The transport's own address. Connecting may make it more exact; it stays known after the transport is closed.
    var localAddress: SocketAddress { get }
    /// The only one to receive from, and whom to send to by default; nil until ``connect(to:)``.
    var peer: SocketAddress? { get }
    /// How many datagrams arrived here and were thrown away because there was no room for them.
    var droppedCount: Int { get }

    /// Receives the datagram that waits; what does not fit into `output` is lost, and the head tells how long it was.
    ///
    /// - Returns: nil where none waits.
    /// - Throws: `.busy` when another task waits to receive, `.closed`, `.cancelled`. With a peer also
    ///   ``SocketError/isConnectionRefused`` and its like, once for each time that the peer's machine told it.
    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> DatagramHead?

    /// Receives datagrams that wait, with one call where that can be, and appends them. Optional: one at a time.
    ///
    /// - Parameters:
    ///   - count: how many at most, 1 or more.
    ///   - maximumLength: how many bytes of each; at most the size of the loop's buffers.
    /// - Throws: as ``receiveNow(into:)``; what came before the error has been appended or comes at the next attempt.
    func receiveNow(upTo count: Int, of maximumLength: Int, into batch: inout [Datagram]) throws(SocketError)

    /// Whether a task may receive: what was received with others and waits is for nobody else.
    ///
    /// - Throws: `.busy`, `.closed`, `.cancelled`, as ``receiveNow(into:)``.
    func checkReceiving() throws(SocketError)

    /// Sends datagrams in their order, each whole, with one call where that can be. Optional: one at a time.
    ///
    /// - Returns: how many went; 0 where there was no room for the first.
    /// - Throws: as ``sendNow(_:to:by:)`` for the first one.
    func sendNow(_ datagrams: ArraySlice<OutgoingDatagram>) throws(SocketError) -> Int

    /// Sends a datagram, whole.
    ///
    /// - Parameters:
    ///   - address: nil for the peer.
    ///   - path: the way to go and the address to come from; a driver with one address each may leave it.
    /// - Returns: false where there was no room for it: nothing was sent.
    /// - Throws: `.busy` when another task waits to send, `.closed`, `.cancelled`; ``SocketError/isNotConnected`` where
    ///   there is no address and no peer; ``SocketError/isPermissionDenied`` for a broadcast that was not allowed;
    ///   `EMSGSIZE` for one that is too long. Nothing was sent.
    func sendNow(_ bytes: RawSpan, to address: SocketAddress?, by path: DatagramPath?) throws(SocketError) -> Bool

    /// Where to wait until a receive may bring something; nil when it may now. The wait may end early, never late.
    ///
    /// - Throws: `.busy` when another task waits there, `.closed`, `.cancelled`.
    func waitToReceive() throws(SocketError) -> Waiting?

    /// Where to wait until a send may take something; nil when it may now. The wait may end early, never late.
    ///
    /// - Throws: as ``waitToReceive()``.
    func waitToSend() throws(SocketError) -> Waiting?

    /// Gives it a peer, or another one. Nothing is sent, and nobody is asked.
    func connect(to address: SocketAddress) throws(SocketError)

    /// From now on the group's datagrams arrive here.
    ///
    /// - Throws: `.invalid` for what is no group, ``SocketError/isAddressInUse`` when it was joined already.
    func join(_ membership: MulticastMembership) throws(SocketError)

    /// The group's datagrams arrive here no longer.
    ///
    /// - Throws: ``SocketError/isAddressNotAvailable`` when it was not joined.
    func leave(_ membership: MulticastMembership) throws(SocketError)

    /// Allows sending to broadcast addresses, or denies it.
    func allowBroadcast(_ isAllowed: Bool) throws(SocketError)

    /// Reads an option. Optional: `.unsupported` where there is none.
    func value<Value>(of option: SocketOption<Value>) throws(SocketError) -> Value

    /// Changes an option. Optional, as ``value(of:)``.
    func set<Value>(_ option: SocketOption<Value>, to value: Value) throws(SocketError)

    /// Lets go of it. Who waits gets `.closed`; datagrams that nobody has received are lost.
    func close()

    /// The hard stop: every operation throws `.cancelled` from now on.
    func cancel()
}

extension DatagramTransport {
    package func receiveNow(
        upTo count: Int, of maximumLength: Int, into batch: inout [Datagram]
    ) throws(SocketError) {
        try receiveOneNow(of: maximumLength, into: &batch)
    }

    /// By way of the loop's memory, so that what waits for a small datagram sets no large room aside.
    func receiveOneNow(of maximumLength: Int, into batch: inout [Datagram]) throws(SocketError) {
        let loop = loop
        let memory = unsafe loop.buffers.take()
        defer { unsafe loop.buffers.giveBack(memory) }
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<maximumLength])
        var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
        let head = try receiveNow(into: &output)
        let filled = unsafe output.finalize(for: room)
        if let head { batch.append(Datagram(bytes: unsafe [UInt8](room[..<filled]), head: head)) }
    }

    package func sendNow(_ datagrams: ArraySlice<OutgoingDatagram>) throws(SocketError) -> Int {
        guard let first = datagrams.first else { return 0 }
        return try sendNow(unsafe first.bytes.span.bytes, to: first.address, by: first.path) ? 1 : 0
    }

    package func value<Value>(of option: SocketOption<Value>) throws(SocketError) -> Value {
        throw SocketError(.getOption, .unsupported(.noFunction), subject: "\(localAddress)")
    }

    package func set<Value>(_ option: SocketOption<Value>, to value: Value) throws(SocketError) {
        throw SocketError(.setOption, .unsupported(.noFunction), subject: "\(localAddress)")
    }
}
