// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets
import Synchronization

/// A network in memory: hosts with addresses, each with an event loop that runs ordinary Netwright code, and a clock
/// that jumps.
///
/// ```swift
/// let network = MemoryNetwork()
/// let server = try network.addHost("server", at: IPAddress("10.0.0.1"))
/// let client = try network.addHost("client")
/// try await network.run(on: client) {
///     let echo = try await Server(on: "10.0.0.1:7", loop: server.loop) { try await $0.echo() }
///     async let running: Void = echo.run()
///     let answer = try await withConnection(to: "10.0.0.1:7") { connection in
///         try await connection.send("hi")
///         return try await connection.receive(upTo: 10)
///     }
///     echo.drain()
///     try await running
/// }
/// ```
///
/// No socket, no port and no thread is used: the loops take turns, in the order in which they were made, on whichever
/// thread runs the network. Time goes on by ``Settings/turnTime`` for each round of turns, and when every task waits it
/// jumps to the next delivery or timer. So an hour's sleep takes no time, and the same program does the same twice: as
/// long as its tasks stay on their loops. What leaves them (`Task {}`, `Task.sleep`, the main actor, a thread) is not
/// waited for.
public final class MemoryNetwork: Sendable {
    /// How the network behaves.
    public struct Settings: Hashable, Sendable {
        /// How long whatever is sent is under way.
        public var latency = Duration.microseconds(50)
        /// How many bytes may be under way or unread in each direction of a connection, at least 1: a sender that has
        /// sent so many waits.
        public var bufferSize = 65_536
        /// How many bytes of datagrams may wait to be received at a socket that asks for no other number
        /// (``DatagramSocket/Options/receiveBuffer``), at least 1; each datagram counts for 256 more than it has. What
        /// comes when they are reached is dropped, and counted.
        public var datagramBufferSize = 212_992
        /// How long a round of turns takes, more than zero: so that a task that spins does not stop the clock.
        public var turnTime = Duration.microseconds(1)
        /// Whether the process is for this network alone while it runs: whoever is on no loop then and names none, in a
        /// detached task or a thread, gets an error instead of the real network. Not where tests that use the real
        /// network run beside it.
        public var claimsProcess = false

        /// The defaults.
        public init() {}
    }

    let fabric: Fabric
    private let hosts = Mutex<[MemoryHost]>([])

    /// A network without hosts.
    ///
    /// - Parameter observer: told of everything that is sent, in order, on the thread that runs the network.
    /// - Precondition: the settings are within the bounds that they name.
    public init(_ settings: Settings = Settings(), observer: (@Sendable (NetworkEvent) -> Void)? = nil) {
        precondition(settings.bufferSize > 0, "a buffer holds at least 1 byte, not \(settings.bufferSize)")
        precondition(settings.datagramBufferSize > 0, "a buffer holds 1 byte, not \(settings.datagramBufferSize)")
        precondition(settings.turnTime > .zero, "a turn takes time, not \(settings.turnTime)")
        precondition(settings.latency >= .zero, "nothing arrives \(settings.latency) before it was sent")
        fabric = Fabric(settings, observer: observer)
    }

    deinit { fabric.tearDown() }

    /// What time it is on the network: nanoseconds since it was made. Any thread may ask.
    public var now: LoopInstant { fabric.clock.now }

    /// Adds a host with a loop of its own. Every host reaches every other one, by its name too; 127.0.0.0/8, ::1,
    /// `localhost` and UNIX addresses are each host's own. A datagram to 255.255.255.255 reaches all of them, and one
    /// to a group all that have joined it. A host has one interface, with the number 1.
    ///
    /// - Parameters:
    ///   - name: what traces and errors call it and what it is found by, unlike every other host's.
    ///   - addresses: where others reach it; the next free one of 10.0.0.0/8 unless given.
    /// - Throws: `.invalid` for a name or an address that another host has, and for an address that no host can have
    ///   (unspecified, loopback, multicast, broadcast).
    public func addHost(_ name: String, at addresses: IPAddress...) throws(SocketError) -> MemoryHost {
        let node = try fabric.addNode(name, addresses)
        let host = try MemoryHost(node, in: fabric)
        hosts.withLock { $0.append(host) }
        return host
    }
}
