// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Which hosts there are, and who has which address.
struct Topology {
    /// In the order in which they were added.
    private(set) var nodes: [Node] = []
    private(set) var owners: [IPAddress: Node] = [:]

    /// - Parameter wanted: the addresses; a free one of 10.0.0.0/8 where there are none.
    mutating func add(_ name: String, _ wanted: [IPAddress]) throws(SocketError) -> Node {
        if nodes.contains(where: { $0.name == name }) { throw refusal("there is a host \(name) already") }
        let addresses = wanted.isEmpty ? [try freeAddress()] : wanted
        for address in addresses { try check(address) }
        let node = Node(name, number: nodes.count, at: addresses)
        for address in addresses { owners[address] = node }
        nodes.append(node)
        return node
    }

    private func check(_ address: IPAddress) throws(SocketError) {
        if address.isUnspecified || address.isLoopback || address.isMulticast || address.isBroadcast {
            throw refusal("\(address) can't be a host's address")
        }
        if let owner = owners[address] { throw refusal("\(address) is the address of host \(owner.name)") }
    }

    /// Tries the place that is free unless addresses were given out by hand, then those behind it.
    private func freeAddress() throws(SocketError) -> IPAddress {
        for number in UInt32(nodes.count + 1)..<0xFF_FFFF {
            let bytes = [10, UInt8(number >> 16), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
            if let address = try? IPAddress(bytes: bytes), owners[address] == nil { return address }
        }
        throw refusal("10.0.0.0/8 has no free address left")
    }

    private func refusal(_ text: String) -> SocketError { SocketError(.open, .invalid(text), subject: "a host") }
}
