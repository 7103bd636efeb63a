// SPDX-License-Identifier: Apache-2.0
public import Sockets
import SystemPackage

/// What carries a connection's bytes: TCP, UNIX, memory, a simulation, TLS over another one.
///
/// Attempts are synchronous and never wait; for each direction there is one place to wait, where a ``Connection`` does
/// the waiting. Both are called on the transport's loop, by one task at a time per direction. ``close()``, ``abort()``
/// and ``cancel()`` may be called from any thread, again and again.
public protocol Transport: AnyObject, Sendable {
    /// The loop that the transport belongs to.
    var loop: EventLoop { get }
    /// The transport's own address.
    var localAddress: SocketAddress? { get }
    /// The peer's address; it stays known after the connection is gone.
    var peer: SocketAddress? { get }

    /// Receives what is there.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.broken`.
    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt

    /// Sends what fits.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.broken`.
    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt

    /// Sends what fits of two pieces, the second behind the first, with one call where that can be.
    ///
    /// - Throws: as ``sendNow(_:)``.
    func sendNow(_ first: RawSpan, _ second: RawSpan) throws(SocketError) -> TransferAttempt

    /// Makes a call on the system's socket that carries the bytes: what only a socket can do.
    ///
    /// - Parameters:
    ///   - direction: what the call is for; nil where it neither sends nor receives.
    /// - Returns: what `body` returns; nil where that would have to wait, which the transport then knows.
    /// - Throws: what `body` throws; `.closed`, `.cancelled`, `.busy`; `.unsupported` where no socket carries the
    ///   bytes.
    func onSocket<Result: ~Copyable>(
        _ direction: TransportDirection?, _ body: (borrowing Socket) throws(SocketError) -> Result
    ) throws(SocketError) -> Result?

    /// Learns how many bytes a call on the socket has moved, past the attempts. Optional: for who counts them.
    func noteMoved(_ count: Int, _ direction: TransportDirection)

    /// Where to wait until a receive may bring something; nil when it may now. The wait may end early, never late.
    ///
    /// - Throws: `.busy` when another task waits there, `.closed`, `.cancelled`.
    func waitToReceive() throws(SocketError) -> Waiting?

    /// Ends the wait of a task that waits to receive, if there is one: there is something else to look at. The next
    /// attempt to receive is a real one, whatever is known of earlier ones. Called on the loop.
    func wakeReceiver()

    /// Whether a wait to receive is not for bytes, which may have come long ago, but for leave to take them: a rate.
    /// Optional. Called on the loop.
    var isHeldBack: Bool { get }

    /// Where to wait until a send may take something; nil when it may now. The wait may end early, never late.
    ///
    /// - Throws: as ``waitToReceive()``.
    func waitToSend() throws(SocketError) -> Waiting?

    /// Where to wait until a connection attempt has come to its end; nil when it has.
    ///
    /// - Throws: as ``waitToReceive()``.
    func waitToConnect() throws(SocketError) -> Waiting?

    /// What came of the connection attempt, once the transport is writable.
    ///
    /// - Throws: why it failed.
    func finishConnecting() throws(SocketError)

    /// Ends the sending direction: the peer sees the end of the stream.
    func shutdownSending() throws(SocketError)

    /// Brings a transport that nobody has used yet to another loop.
    func move(to loop: EventLoop)

    /// Lets go of it: what was sent still arrives. Who waits gets `.closed`.
    func close()

    /// Throws it away: the peer sees a reset. Who waits gets `.closed`.
    func abort()

    /// The hard stop: every operation throws `.cancelled` from now on.
    func cancel()
}

/// One of a transport's two ways.
public enum TransportDirection: Hashable, Sendable {
    /// From the peer, and to it.
    case receiving, sending
}

extension Transport {
    /// Sends the first piece, and the second if the first one went as a whole.
    public func sendNow(_ first: RawSpan, _ second: RawSpan) throws(SocketError) -> TransferAttempt {
        if first.isEmpty { return try sendNow(second) }
        guard case .moved(let sent) = try sendNow(first) else { return .wouldBlock }
        if sent < first.byteCount || second.isEmpty { return .moved(sent) }
        guard case .moved(let more) = try sendNow(second) else { return .moved(sent) }
        return .moved(sent + more)
    }

    /// There is no rate.
    public var isHeldBack: Bool { false }

    /// Nobody counts.
    public func noteMoved(_ count: Int, _ direction: TransportDirection) {}

    /// There is no socket of the system's.
    public func onSocket<Result: ~Copyable>(
        _ direction: TransportDirection?, _ body: (borrowing Socket) throws(SocketError) -> Result
    ) throws(SocketError) -> Result? {
        throw SocketError(.open, .unsupported(.notSocket), subject: peer.map { "\($0)" })
    }
}
