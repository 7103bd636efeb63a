// SPDX-License-Identifier: Apache-2.0
package import Sockets
package import SystemPackage

/// What carries a loop's bytes: the contract between the engine and a system, a ring, or a simulation.
///
/// A driver makes transports and is then out of the way, but for the loop's one wait a turn. All of it is called on its
/// loop's thread, ``wake()`` excepted.
package protocol NetworkDriver: AnyObject, Sendable {
    /// Waits until something happens, and wakes whom it concerns. May return early; never later than `timeout` says.
    ///
    /// - Parameter timeout: nil waits for ever, zero not at all.
    func wait(_ timeout: Duration?) throws(SocketError)

    /// Ends the wait that goes on, or the next one. Any thread may call this.
    func wake()

    /// Lets go of whatever it would tell of anything: nobody waits any more. Optional: for drivers that hold it.
    func retire()

    /// Starts a connection. It is there, or has failed, once the transport is writable:
    /// ``Transport/finishConnecting()`` tells which.
    func connect(to address: SocketAddress, from source: SocketAddress?) throws(SocketError) -> any Transport

    /// Listens.
    func listen(at address: SocketAddress, backlog: Int, reusesPort: Bool) throws(SocketError) -> any Acceptor

    /// Serves a listening socket that is there already; it closes with the acceptor, or now if this throws.
    func adopt(listening socket: consuming Socket) throws(SocketError) -> any Acceptor

    /// Carries on with a connected socket that is there already; it closes with the transport, or now if this throws.
    func adopt(connected socket: consuming Socket) throws(SocketError) -> any Transport

    /// Two transports of this loop, each the other's peer.
    func makePair() throws(SocketError) -> (any Transport, any Transport)

    /// Opens an endpoint for datagrams at an address. Port 0, and an unnamed UNIX address, let the driver choose.
    func openDatagrams(
        at address: SocketAddress, options: DatagramSocket.Options
    ) throws(SocketError) -> any DatagramTransport

    /// Takes over a socket for datagrams that somebody else has opened; on an error it stays the caller's. Optional: a
    /// driver without descriptors says `.unsupported`.
    func adoptDatagrams(_ descriptor: FileDescriptor) throws(SocketError) -> any DatagramTransport

    /// A job has left the loop, in its turn: it runs on a thread that nobody steps. Optional: for simulations, once
    /// ``StrayJobs/watch()`` was called.
    ///
    /// - Parameter task: what the task that did it is called.
    func jobLeaves(of task: String?)
}

extension NetworkDriver {
    package func jobLeaves(of task: String?) {}
}

extension NetworkDriver {
    package func retire() {}

    package func adoptDatagrams(_ descriptor: FileDescriptor) throws(SocketError) -> any DatagramTransport {
        throw SocketError(.adopt, .unsupported(.noFunction), subject: "descriptor \(descriptor.rawValue)")
    }
}

extension NetworkDriver {
    /// A network that is no system's has no use for a system's sockets.
    package func adopt(listening socket: consuming Socket) throws(SocketError) -> any Acceptor {
        throw SocketError(.adopt, .unsupported(.notSupportedOnSocket))
    }

    /// The same for a connected one.
    package func adopt(connected socket: consuming Socket) throws(SocketError) -> any Transport {
        throw SocketError(.adopt, .unsupported(.notSupportedOnSocket))
    }
}

/// Opens the network for a loop.
package typealias NetworkDriverFactory = @Sendable (_ loop: EventLoop) throws(SocketError) -> any NetworkDriver

/// A listening address of a driver.
package protocol Acceptor: AnyObject, Sendable {
    /// Where it listens.
    var localAddress: SocketAddress { get }

    /// Takes a client that waits; nil when none does. The transport may be used on any loop of the same world, once
    /// ``Transport/move(to:)`` has brought it there.
    func acceptNow() throws(SocketError) -> (any Transport)?

    /// The same for a client that is let go at once: it may have one of the descriptors that are kept for other things.
    /// Optional: for acceptors that keep some.
    func acceptToRefuse() throws(SocketError) -> (any Transport)?

    /// Where to wait until a client may be there; nil when one may be now. The wait may end early, never late.
    ///
    /// - Throws: `.closed`, `.busy`.
    func waitForClient() throws(SocketError) -> Waiting?

    /// Stops listening. Who waits gets `.closed`.
    func close()
}

extension Acceptor {
    package func acceptToRefuse() throws(SocketError) -> (any Transport)? { try acceptNow() }

    /// Waits until a client may be there.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.timedOut`, `.busy`.
    nonisolated(nonsending) func waitForClient(until deadline: LoopInstant) async throws(SocketError) {
        guard let waiting = try waitForClient() else { return }
        try await waiting.wait(.accept, until: deadline, localAddress)
    }
}
