// SPDX-License-Identifier: Apache-2.0
import Sockets

extension Explanation {
    /// A network: its hosts, masks and size, and what it was set aside for.
    init(_ network: IPNetwork) {
        let hosts = network.hosts
        var details = ["hosts \(hosts.first)-\(hosts.last), \(network.sizeText(hosts.count))"]
        if let broadcast = network.broadcast { details.append("network \(network.address), broadcast \(broadcast)") }
        details.append(
            "netmask \(network.netmask), hostmask \(network.hostmask), \(network.sizeText(network.count)) in all")
        if let note = network.noteOnSize { details.append(note) }
        self.init(
            subject: "\(network)", kind: .network, summary: network.summary, details: details, facts: network.facts)
    }
}

extension IPNetwork {
    /// The facts for programs. A count of 2 to the 128th is null.
    var facts: [JSONValue.Member] {
        [
            .init("network", .string("\(self)")), .init("prefix_length", JSONValue(prefixLength)),
            .init("first_host", .string("\(hosts.first)")), .init("last_host", .string("\(hosts.last)")),
            .init("hosts", hosts.count.map { JSONValue($0) } ?? .null),
            .init("addresses", count.map { JSONValue($0) } ?? .null),
            .init("broadcast", JSONValue(broadcast.map { "\($0)" })),
            .init("netmask", .string("\(netmask)")), .init("hostmask", .string("\(hostmask)")),
            .init("block", enclosingBlock?.json ?? .null),
        ]
    }

    /// The smallest registered block that the whole network is in.
    fileprivate var enclosingBlock: SpecialPurpose? {
        SpecialPurpose.all.filter { isSubnet(of: $0.network) }
            .max { $0.network.prefixLength < $1.network.prefixLength }
    }

    fileprivate var summary: String {
        let family = "\(address.familyName) network"
        if let block = enclosingBlock {
            // The scope of the first address is the network's only if the whole network shares its block.
            let isShared = address.specialPurpose == block
            return "\(family), \(isShared ? address.scopeName : block.name) (\(block.source))"
        }
        if address.isMulticast { return "\(family), multicast groups" }
        let inside = SpecialPurpose.all.filter { $0.network.isSubnet(of: self) }
        guard let first = inside.first else { return "\(family), \(address.scopeName)" }
        let others = inside.count > 1 ? " and \(inside.count - 1) more special blocks" : ""
        return "\(family), holds \(first.network) (\(first.name), \(first.rfc))\(others)"
    }

    /// A count of addresses; above 32 bits as a power of two, as nobody reads such numbers.
    fileprivate func sizeText(_ count: UInt128?) -> String {
        let bits = address.bitWidth - prefixLength
        guard bits <= 32, let count else {
            let isWhole = count.map { $0.nonzeroBitCount == 1 } ?? true
            return "2^\(bits)\(isWhole ? "" : "-1") addresses"
        }
        return count == 1 ? "1 address" : "\(count) addresses"
    }

    fileprivate var noteOnSize: String? {
        let source = address.ipv4 == nil ? "RFC 6164" : "RFC 3021"
        return address.bitWidth - prefixLength == 1
            ? "a link between two: no address is set aside for the network or for broadcast (\(source))" : nil
    }
}
