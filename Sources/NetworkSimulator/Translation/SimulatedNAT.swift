// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// A box that translates addresses and ports between the hosts behind it and everybody else: a NAT.
///
/// ```swift
/// let home = try network.nat("home", .portRestrictedCone)
/// try network.client("ann", behind: home) { try await withConnection(to: "relay:5000") { … } }
/// ```
/// Hosts behind one reach each other as always, and those outside by the NAT's address, with datagrams and with
/// connections that they open. Nobody outside knows their names or reaches their addresses; what comes unasked is
/// dropped in silence, a request for a connection in any case. IPv4 alone is translated. A broadcast and a multicast
/// group stay on their side. A NAT may be behind another.
///
/// What it does with each packet is in the trace: ``NetworkEvent/Kind/mapped``, ``NetworkEvent/Kind/translated(_:)``,
/// ``NetworkEvent/Kind/filtered(_:)``.
///
/// RFC 4787, RFC 5382.
public final class SimulatedNAT: Sendable {
    /// The box as a host: its links, its crashes and its pauses are those of any other. No program on it can be
    /// reached, since what comes is translated. A crash takes what it remembers.
    public let host: SimulatedHost
    /// How it translates.
    public let behavior: NATBehavior
    /// Where those outside see it, and everybody behind it.
    public let address: IPAddress

    /// An inner address and the outer one that stands for it.
    public struct Mapping: Hashable, Sendable, CustomStringConvertible {
        /// What it is for: `.stream` or `.datagram`.
        public let kind: SocketKind
        /// The address of the host behind the NAT.
        public let inside: SocketAddress
        /// The one that others see.
        public let outside: SocketAddress
        /// When it was last used in a way that keeps it alive.
        public let lastUse: LoopInstant

        /// One line: `192.168.1.2:49152 > 10.0.0.3:49152`.
        public var description: String { "\(inside) > \(outside)" }
    }

    init(_ host: SimulatedHost, _ behavior: NATBehavior, at address: IPAddress) {
        self.host = host
        self.behavior = behavior
        self.address = address
    }

    /// What it is called.
    public var name: String { host.name }

    /// What it remembers now, by its outer ports. Asked between runs, or by the network's tasks.
    public var mappings: [Mapping] {
        let known = host.node.translator?.table.mappings(at: host.fabric.clock.now) ?? []
        return known.map { mapping in
            Mapping(
                kind: mapping.carrier == .tcp ? .stream : .datagram, inside: mapping.inside, outside: mapping.outside,
                lastUse: mapping.lastUse)
        }
    }

    /// Has it forget every mapping, as boxes do that are short of memory or get a new address: what comes then is
    /// dropped, and what goes out gets mappings anew; connections go on into nothing.
    public func forgetMappings() {
        host.fabric.note(.forget, host.node)
        host.node.translator?.forget()
    }
}
