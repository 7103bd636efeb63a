// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Where a datagram goes, and from which address.
struct DatagramRoute {
    /// Who may hear it.
    enum Reach {
        /// Whoever has the address, or the NAT on the way there.
        case one(Node)
        /// Everybody who listens for it, here and at the other hosts that no NAT is before, or only at one of both.
        case many(here: Bool, elsewhere: Bool)
    }

    /// Those that a NAT has put in their places, where it has passed one.
    var source: SocketAddress
    var destination: SocketAddress
    /// Who gets it next.
    var reach: Reach

    /// - Parameter local: the address to come from where the socket has many; nil for the usual one.
    /// - Throws: `EAFNOSUPPORT`, `EINVAL`, `ENETUNREACH` where no host has the address; `EACCES` for a broadcast that
    ///   was not allowed.
    init(from end: DatagramEnd, to address: SocketAddress, leavingBy local: IPAddress?) throws(Errno) {
        guard let wanted = address.ip, let own = end.localAddress.ip, let port = end.localAddress.port else {
            throw .addressFamilyNotSupported
        }
        if address.port == .any { throw .invalidArgument }
        // To no address in particular means to this host, as with connect(2).
        let destination = wanted.isUnspecified ? address.onLoopback : address
        guard let ip = destination.ip else { throw .addressFamilyNotSupported }
        if own.ipv4 != nil && ip.ipv4 == nil { throw .addressFamilyNotSupported }
        if own.ipv4 == nil && ip.ipv4 != nil && !own.isUnspecified { throw .networkUnreachable }
        guard let usual = end.driver.node.source(toward: destination) else { throw .networkUnreachable }
        if !own.isUnspecified && !own.isMulticast && !own.isAnyBroadcast {
            source = end.localAddress
        } else if let local, !local.isUnspecified {
            source = SocketAddress(local, port)
        } else {
            source = usual.with(port)
        }
        if ip.isAnyBroadcast && !end.settings.allowsBroadcast { throw .permissionDenied }
        self.destination = destination
        reach = try Self.reach(of: destination, ip, from: source, end)
    }

    private static func reach(
        of destination: SocketAddress, _ ip: IPAddress, from source: SocketAddress, _ end: DatagramEnd
    ) throws(Errno) -> Reach {
        // What comes from a loopback address does not leave the host, and what goes to one does not either.
        let stays = source.ip?.isLoopback == true
        if ip.isMulticast {
            let leaves = !stays && end.settings.multicastHops(ip) > 0
            return .many(here: end.settings.multicastIsHeardHere(ip), elsewhere: leaves)
        }
        if ip.isAnyBroadcast { return .many(here: true, elsewhere: !stays && !ip.isLoopback) }
        let next = end.driver.fabric.nextHop(from: end.driver.node, to: destination)
        guard let target = next else { throw .networkUnreachable }
        if stays && target !== end.driver.node { throw .invalidArgument }
        return .one(target)
    }

    /// The hosts at which it may be heard.
    func targets(from node: Node, in fabric: Fabric) -> [Node] {
        switch reach {
        case .one(let next): [next]
        case .many(let here, let elsewhere):
            fabric.nodes.filter { other in
                if other === node { return here }
                return elsewhere && other.gateway === node.gateway && other.translator == nil
            }
        }
    }

    /// The most bytes of a datagram: RFC 768, RFC 791 §3.1, RFC 8200 §3.
    var maximumLength: Int { destination.ip?.ipv4 == nil ? 65_527 : 65_507 }
}

extension IPAddress {
    /// Whether it means every host: of the network, or of the loopback network. Hosts in memory have no other networks.
    var isAnyBroadcast: Bool { isBroadcast || self == .v4(IPv4Address(127, 255, 255, 255)) }
}
