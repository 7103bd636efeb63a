// SPDX-License-Identifier: Apache-2.0
//
// Decision: hosts behind different NATs may have the same address, as in homes; a host and one on the way out from it
//           may not: nothing could be sent from one to the other.
import Sockets

/// Which hosts there are, behind which NAT, and who has which address.
struct Topology {
    /// An address, as those see it who are behind the same NAT, or behind none.
    private struct Place: Hashable {
        /// The number of the NAT's node.
        let gateway: Int?
        let address: IPAddress

        init(behind gateway: Node?, _ address: IPAddress) {
            self.gateway = gateway?.number
            self.address = address
        }
    }

    /// In the order in which they were added.
    private(set) var nodes: [Node] = []
    private var gateways: [Node] = []
    private var owners: [Place: Node] = [:]
    /// How many hosts are behind each NAT, and behind none.
    private var counts: [Int?: UInt32] = [:]

    // MARK: Who is reached

    /// The host that has an address, for those behind a NAT, or behind none.
    func node(at address: IPAddress, behind gateway: Node?) -> Node? { owners[Place(behind: gateway, address)] }

    /// To whom a host hands what is for an address: the one that has it, else the NAT on the way there; nil where
    /// nobody has it.
    func nextHop(from node: Node, to address: IPAddress) -> Node? {
        if let found = self.node(at: address, behind: node.gateway) { return found }
        var gateway = node.gateway
        while let box = gateway {
            if self.node(at: address, behind: box.gateway) != nil { return node.gateway }
            gateway = box.gateway
        }
        return nil
    }

    // MARK: New ones

    /// - Parameters:
    ///   - wanted: the addresses; a free one where there are none: of 10.0.0.0/8, or of 192.168.0.0/16 behind a NAT.
    ///   - gateway: the NAT that the host is behind.
    ///   - translates: whether it is a NAT itself.
    mutating func add(
        _ name: String, _ wanted: [IPAddress], behind gateway: Node?, translates: Bool
    ) throws(SocketError) -> Node {
        if nodes.contains(where: { $0.name == name }) { throw refusal("there is a host \(name) already") }
        let addresses = wanted.isEmpty ? [try freeAddress(behind: gateway)] : wanted
        for address in addresses {
            if (translates || gateway != nil) && address.ipv4 == nil {
                throw refusal("\(address) can't be the address of \(name): a NAT translates IPv4 alone")
            }
            try check(address, behind: gateway)
        }
        let node = Node(name, number: nodes.count, at: addresses, behind: gateway)
        for address in addresses { owners[Place(behind: gateway, address)] = node }
        nodes.append(node)
        if translates { gateways.append(node) }
        counts[gateway?.number, default: 0] += 1
        return node
    }

    private func check(_ address: IPAddress, behind gateway: Node?) throws(SocketError) {
        if address.isUnspecified || address.isLoopback || address.isMulticast || address.isBroadcast {
            throw refusal("\(address) can't be a host's address")
        }
        for other in [nil] + gateways {
            guard let owner = node(at: address, behind: other) else { continue }
            if other === gateway { throw refusal("\(address) is the address of host \(owner.name)") }
            if Self.isOutside(other, of: gateway) || Self.isOutside(gateway, of: other) {
                throw refusal(
                    "\(address) is the address of host \(owner.name), on the other side of a NAT: "
                        + "whoever is behind that could not tell which of the two is meant")
            }
        }
    }

    /// Whether those behind one NAT, or behind none, are reached from behind another by way of that.
    private static func isOutside(_ one: Node?, of other: Node?) -> Bool {
        var next = other
        while let box = next {
            next = box.gateway
            if next === one { return true }
        }
        return false
    }

    /// Tries the place that is free unless addresses were given out by hand, then those behind it.
    private func freeAddress(behind gateway: Node?) throws(SocketError) -> IPAddress {
        let count = counts[gateway?.number] ?? 0
        if gateway == nil { return try freeAddress(from: 0x0A00_0001 + count, to: 0x0AFF_FFFE, behind: nil) }
        // Each NAT begins with a network of its own, so that a trace can be read; .1 would be the NAT.
        let network = UInt32(gateways.firstIndex { $0 === gateway } ?? 0) % 255 + 1
        return try freeAddress(from: 0xC0A8_0002 + network << 8 + count, to: 0xC0A8_FFFE, behind: gateway)
    }

    private func freeAddress(
        from first: UInt32, to last: UInt32, behind gateway: Node?
    ) throws(SocketError) -> IPAddress {
        for number in min(first, last)...last {
            let address = IPAddress.v4(IPv4Address(rawValue: number))
            let isFree = (try? check(address, behind: gateway)) != nil
            if isFree { return address }
        }
        throw refusal("\(gateway == nil ? "10.0.0.0/8" : "192.168.0.0/16") has no free address left")
    }

    private func refusal(_ text: String) -> SocketError { SocketError(.open, .invalid(text), subject: "a host") }
}
