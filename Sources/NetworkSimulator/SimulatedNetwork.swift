// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets
import Synchronization

/// A network in memory: hosts with names, addresses and files, each with an event loop that runs ordinary Netwright
/// code; links that lose and delay; and a clock that jumps.
///
/// ```swift
/// let network = SimulatedNetwork(seed: 42)
/// network.link.loss = 0.2
/// try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
/// try network.client("client") {
///     try await withConnection(to: "server:7") { connection in
///         try await connection.send("hi")
///         guard try await connection.receive(upTo: 2) == Array("hi".utf8) else { throw Surprise() }
///     }
/// }
/// try network.run(for: .seconds(60))      // takes milliseconds
/// ```
///
/// No socket, no port and no thread is used: the loops take turns on whichever thread runs the network. Time goes on by
/// ``Settings/turnTime`` for each round of turns, and when every task waits it jumps to the next delivery or timer. So
/// an hour's sleep takes no time.
///
/// Without a seed the loops and their tasks go on in the order in which they could, and links that nobody has changed
/// lose nothing: a test without a network. With one the order is drawn, as is all that the links do, and the hosts'
/// ``World/randomness``. In either case the same program does the same twice, byte for byte (``traceHash``), as long as
/// its tasks stay on their loops. What leaves them (`Task {}`, `Task.sleep`, the main actor, a thread) is not waited
/// for, and is told: ``strays``, ``WorldLeft``.
public final class SimulatedNetwork: Sendable {
    /// How the network behaves, besides its links.
    public struct Settings: Hashable, Sendable {
        /// How many bytes may be under way or unread in each direction of a connection, at least 1: a sender that has
        /// sent so many waits.
        public var bufferSize = 65_536
        /// How many bytes of datagrams may wait to be received at a socket that asks for no other number
        /// (``DatagramSocket/Options/receiveBuffer``), at least 1; each datagram counts for 256 more than it has. What
        /// comes when they are reached is dropped, and counted; a UNIX sender waits instead.
        public var datagramBufferSize = 212_992
        /// How long a round of turns takes, more than zero: so that a task that spins does not stop the clock.
        public var turnTime = Duration.microseconds(1)
        /// How many events the trace keeps, 0 or more: the last ones.
        public var traceLength = 10_000
        /// Whether a run with a seed may go on although jobs have left their world. Else it throws ``WorldLeft``.
        public var allowsStrays = false
        /// Whether the process is for this network alone while it runs: whoever is on no loop then and names none, in a
        /// detached task or a thread, gets an error instead of the real network. Not where tests that use the real
        /// network run beside it.
        public var claimsProcess = false

        /// The defaults.
        public init() {}
    }

    let fabric: Fabric
    private let added = Mutex<[SimulatedHost]>([])

    /// A network without hosts.
    ///
    /// - Parameters:
    ///   - seed: where all that is drawn comes from; nil where no order is drawn.
    ///   - observer: told of everything that happens on the network, in order, on the thread that runs it.
    /// - Precondition: the settings are within the bounds that they name.
    public init(
        seed: UInt64? = nil, _ settings: Settings = Settings(), observer: (@Sendable (NetworkEvent) -> Void)? = nil
    ) {
        precondition(settings.bufferSize > 0, "a buffer holds at least 1 byte, not \(settings.bufferSize)")
        precondition(settings.datagramBufferSize > 0, "a buffer holds 1 byte, not \(settings.datagramBufferSize)")
        precondition(settings.turnTime > .zero, "a turn takes time, not \(settings.turnTime)")
        precondition(settings.traceLength >= 0, "a trace has no \(settings.traceLength) events")
        fabric = Fabric(settings, seed: seed, observer: observer)
        StrayJobs.watch()
    }

    deinit {
        end()
        fabric.tearDown()
    }

    /// Where all that is drawn comes from; nil where no order is drawn.
    public var seed: UInt64? { fabric.seed }

    /// What time it is on the network: nanoseconds since it was made. Any thread may ask.
    public var now: LoopInstant { fabric.clock.now }

    /// The hosts, in the order in which they were added.
    public var hosts: [SimulatedHost] { added.withLock { $0 } }

    /// Adds a host with a loop, and starts its task. Every host reaches every other one, by its name too; 127.0.0.0/8,
    /// ::1, `localhost`, UNIX addresses and files are each host's own. A datagram to 255.255.255.255 reaches all of
    /// them, and one to a group all that have joined it. A host has one interface, with the number 1.
    ///
    /// Where there are NATs that holds for those behind the same one, or behind none; from there others are reached as
    /// ``SimulatedNAT`` says.
    ///
    /// - Parameters:
    ///   - name: what traces and errors call it and what it is found by, unlike every other host's.
    ///   - addresses: where others reach it; the next free one unless given, of 10.0.0.0/8, or of 192.168.0.0/16 behind
    ///     a NAT.
    ///   - nat: the NAT that it is behind, if any.
    ///   - files: bytes by path.
    ///   - body: what the host does once the network runs, on its loop; it need not come to an end. It is cancelled by
    ///     a crash and when the network is gone.
    /// - Throws: `.invalid` for a name that another host has; for an address that another host has, unless a NAT keeps
    ///   the two from ever meeting; for one that no host can have (unspecified, loopback, multicast, broadcast, and
    ///   IPv6 behind a NAT); and for a NAT of another network.
    @discardableResult
    public func host(
        _ name: String, at addresses: IPAddress..., behind nat: SimulatedNAT? = nil, files: [String: [UInt8]] = [:],
        _ body: (@Sendable () async throws -> Void)? = nil
    ) throws(SocketError) -> SimulatedHost {
        try add(try addNode(name, addresses, behind: nat), files, isClient: false, body)
    }

    /// Adds a host whose task has to come to its end before a run (``run(for:)``) does: else the run throws.
    ///
    /// - Throws: as ``host(_:at:behind:files:_:)``.
    @discardableResult
    public func client(
        _ name: String, at addresses: IPAddress..., behind nat: SimulatedNAT? = nil, files: [String: [UInt8]] = [:],
        _ body: @escaping @Sendable () async throws -> Void
    ) throws(SocketError) -> SimulatedHost {
        try add(try addNode(name, addresses, behind: nat), files, isClient: true, body)
    }

    /// The host with this name.
    ///
    /// - Throws: `.invalid` for a name that no host has; the error names those that there are.
    public func host(named name: String) throws(SocketError) -> SimulatedHost {
        if let host = hosts.first(where: { $0.name == name }) { return host }
        let known = hosts.prefix(20).map(\.name).joined(separator: ", ")
        throw SocketError(.open, .invalid("there is no host \(name), only: \(known)"), subject: "a host")
    }

    func add(
        _ node: Node, _ files: [String: [UInt8]], isClient: Bool, _ body: (@Sendable () async throws -> Void)?
    ) throws(SocketError) -> SimulatedHost {
        let host = try SimulatedHost(node, files: files, isClient: isClient, in: fabric, body)
        added.withLock { $0.append(host) }
        return host
    }
}
