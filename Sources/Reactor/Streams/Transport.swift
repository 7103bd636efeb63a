// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// What carries a connection's bytes: TCP, UNIX, memory, a simulation, TLS over another one.
///
/// Attempts are synchronous and never wait; there is one wait for each direction. Both are called on the transport's
/// loop, by one task at a time per direction. ``close()``, ``abort()`` and ``cancel()`` may be called from any thread,
/// again and again.
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

    /// Waits until a receive may bring something. It may return early, and never returns late.
    ///
    /// - Throws: `.busy` when another task waits, `.closed`, `.cancelled`, `.timedOut`.
    nonisolated(nonsending) func waitUntilReadable(_ deadline: LoopInstant) async throws(SocketError)

    /// Waits until a send may take something. It may return early, and never returns late.
    ///
    /// - Throws: as ``waitUntilReadable(_:)``.
    nonisolated(nonsending) func waitUntilWritable(_ deadline: LoopInstant) async throws(SocketError)

    /// Waits until a connection attempt has come to its end.
    ///
    /// - Throws: as ``waitUntilReadable(_:)``.
    nonisolated(nonsending) func waitUntilConnected(_ deadline: LoopInstant) async throws(SocketError)

    /// What came of the connection attempt, once the transport is writable.
    ///
    /// - Throws: why it failed.
    func finishConnecting() throws(SocketError)

    /// Ends the sending direction: the peer sees the end of the stream.
    func shutdownSending() throws(SocketError)

    /// The task that calls this serves the connection from now on: whoever runs it cancels the transport as a whole
    /// when the task is cancelled, so that its waits need no handler of their own.
    func own()

    /// The connection has no such task any more.
    func disown()

    /// Brings a transport that nobody has used yet to another loop.
    func move(to loop: EventLoop)

    /// Lets go of it: what was sent still arrives. Who waits gets `.closed`.
    func close()

    /// Throws it away: the peer sees a reset. Who waits gets `.closed`.
    func abort()

    /// The hard stop: every operation throws `.cancelled` from now on.
    func cancel()
}
