// SPDX-License-Identifier: Apache-2.0
package import Sockets

/// What the verbs ask of the machine they run on. Nothing here sends a packet.
package struct LocalMachine: Sendable {
    /// An address of an interface, with its network.
    package struct Assigned: Hashable, Sendable {
        let interface: String
        let address: IPAddress
        let network: IPNetwork

        package init(_ interface: String, _ address: IPAddress, in network: IPNetwork) {
            self.interface = interface
            self.address = address
            self.network = network
        }

        /// The address and its prefix length, as `ip addr` writes them.
        var text: String { "\(address.withoutScope)/\(network.prefixLength)" }
    }

    /// The ports that the system gives out when a program asks for none; nil if it does not tell.
    var ephemeralPorts: @Sendable () -> ClosedRange<Port>?
    /// The names that the system's list has for a port, each with its protocol: `http/tcp`.
    var services: @Sendable (Port) -> [String]
    /// The ports that the system's list has for a name.
    var servicePorts: @Sendable (String) -> [Port]
    /// The interfaces, in the order of their numbers.
    var cards: @Sendable () throws(ToolFailure) -> [NetworkCard]
    /// The address of this machine that packets for another one leave with; nil if no route leads there.
    var sourceAddress: @Sendable (IPAddress) -> IPAddress?

    package init(
        ephemeralPorts: @escaping @Sendable () -> ClosedRange<Port>?,
        services: @escaping @Sendable (Port) -> [String],
        servicePorts: @escaping @Sendable (String) -> [Port],
        cards: @escaping @Sendable () throws(ToolFailure) -> [NetworkCard],
        sourceAddress: @escaping @Sendable (IPAddress) -> IPAddress?
    ) {
        self.ephemeralPorts = ephemeralPorts
        self.services = services
        self.servicePorts = servicePorts
        self.cards = cards
        self.sourceAddress = sourceAddress
    }
}

extension LocalMachine {
    /// The machine that this process runs on.
    static let this = LocalMachine(
        ephemeralPorts: { try? Port.ephemeralRange },
        services: { port in
            ["tcp", "udp"].compactMap { over in
                (try? ServiceNames.service(at: port, over: over)).map { "\($0.name)/\($0.protocolName)" }
            }
        },
        servicePorts: { name in
            ["tcp", "udp"].compactMap { try? ServiceNames.port(of: name, over: $0) }.reduce(into: []) { ports, port in
                if !ports.contains(port) { ports.append(port) }
            }
        },
        cards: NetworkCard.all,
        sourceAddress: source)

    /// Asks the kernel's routing by connecting a datagram socket, which sends nothing.
    @Sendable
    static func source(to address: IPAddress) -> IPAddress? {
        let discard: Port = 9
        guard var socket = try? Socket(address.ipv4 == nil ? .ipv6 : .ipv4, .datagram),
            case .success = socket.connectResult(to: SocketAddress(address, discard))
        else { return nil }
        return (try? socket.localAddress)?.ip
    }

    /// How packets for an address leave this machine.
    enum Way: Hashable {
        /// The address is this machine's own.
        case own(Assigned)
        /// The address is on a network that an interface is on.
        case link(Assigned)
        /// A router passes them on.
        case router(Assigned)
        /// No route leads there.
        case none
    }

    func way(to address: IPAddress) -> Way {
        let interfaces = ((try? cards()) ?? []).map(\.interface)
        let all = interfaces.flatMap { interface in
            interface.addresses.map { Assigned(interface.name, $0.ip, in: $0.network) }
        }
        if let own = all.first(where: { $0.address.hasBits(of: address) }) { return .own(own) }
        // Of several networks the kernel takes the smallest.
        let linked = all.filter { $0.network.contains(address) }
            .max { $0.network.prefixLength < $1.network.prefixLength }
        if let linked { return .link(linked) }
        guard let source = sourceAddress(address) else { return .none }
        let used = all.first { $0.address.hasBits(of: source) }
        return used.map(Way.router) ?? .none
    }
}

extension IPAddress {
    /// Whether the bits are the same; a scope plays no part.
    fileprivate func hasBits(of other: IPAddress) -> Bool { bytes == other.bytes }
}
