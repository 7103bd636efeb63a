// SPDX-License-Identifier: Apache-2.0
import Sockets

extension Explanation {
    /// An address, in the network that was written with it, else in its interface's, else in one of the usual size.
    init(_ address: IPAddress, in written: IPNetwork? = nil, on machine: LocalMachine) {
        let way = address.delivery == .unicast ? machine.way(to: address) : nil
        let home = written.map { Home(network: $0, isAssumed: false) } ?? Home(of: address, way)
        var details = [home.map { "\($0.text(for: address))     " } ?? ""].map {
            $0 + "reverse \(address.reversePointer)"
        }
        var facts = Self.kindFacts(address)
        if let mapped = address.ipv6?.ipv4Mapped {
            details.append("IPv4-mapped: how a dual-stack socket writes its IPv4 peer \(mapped)")
        }
        if address.ipv6 != nil { details.append("in full \(address.exploded)") }
        if let way { details.append("on this machine: \(way)") }
        facts += [
            .init("network", home.map { .object($0.network.facts) } ?? .null),
            .init("is_network_assumed", home.map { .boolean($0.isAssumed) } ?? .null),
            .init("reverse", .string(address.reversePointer)), .init("exploded", .string(address.exploded)),
            .init("reached", way?.json ?? .null),
        ]
        self.init(
            subject: "\(address)" + (written.map { "/\($0.prefixLength)" } ?? ""), kind: .address,
            summary: Self.summary(of: address), details: details, facts: facts)
    }

    /// `IPv4, class C, private (RFC 1918 192.168.0.0/16), unicast`.
    private static func summary(of address: IPAddress) -> String {
        var words = [address.familyName]
        if let ipv4 = address.ipv4 { words.append("class \(ipv4.addressClass.rawValue)") }
        let source = address.unmapped.specialPurpose.map { " (\($0.source))" } ?? ""
        words.append(address.isMulticast ? MulticastScope(address).description : address.scopeName + source)
        if address.delivery.rawValue != address.scopeName { words.append(address.delivery.rawValue) }
        return words.joined(separator: ", ")
    }

    private static func kindFacts(_ address: IPAddress) -> [JSONValue.Member] {
        [
            .init("family", .string(address.ipv4 == nil ? "ipv6" : "ipv4")),
            .init("class", JSONValue(address.ipv4?.addressClass.rawValue)),
            .init("scope", .string(address.scopeName)), .init("delivery", .string(address.delivery.rawValue)),
            .init("is_global", .boolean(address.isGlobal)),
            .init("special_purpose", address.specialPurpose?.json ?? .null),
            .init("ipv4_mapped", JSONValue(address.ipv6?.ipv4Mapped.map { "\($0)" })),
        ]
    }
}

/// The network that an address is shown in.
private struct Home {
    let network: IPNetwork
    /// Whether nobody said so: the usual size of a network of hosts.
    let isAssumed: Bool

    init(network: IPNetwork, isAssumed: Bool) {
        self.network = network
        self.isAssumed = isAssumed
    }

    /// Nil for what is no host's address.
    init?(of address: IPAddress, _ way: LocalMachine.Way?) {
        switch way {
        case .own(let assigned), .link(let assigned):
            self.init(network: assigned.network, isAssumed: false)
        case .router, .some(.none):
            guard address == address.unmapped else { return nil }
            let usual = try? IPNetwork(
                containing: address.withoutScope, prefixLength: address.ipv4 == nil ? 64 : 24)
            guard let usual else { return nil }
            self.init(network: usual, isAssumed: true)
        case nil: return nil
        }
    }

    /// `in 192.168.1.0/24: network .0, hosts .1-.254, broadcast .255`.
    func text(for address: IPAddress) -> String {
        let place = isAssumed ? "in \(network), if it is a /\(network.prefixLength)" : "in \(network)"
        guard address.ipv4 != nil else { return place }
        // Only the last number differs inside of a /24.
        let isShort = network.prefixLength >= 24
        func short(_ address: IPAddress) -> String { isShort ? ".\(address.bytes.last ?? 0)" : "\(address)" }
        let hosts = "\(short(network.hosts.first))-\(short(network.hosts.last))"
        let broadcast = network.broadcast.map { ", broadcast \(short(.v4($0)))" } ?? ""
        return "\(place): network \(short(network.address)), hosts \(hosts)\(broadcast)"
    }
}

extension IPAddress {
    /// `IPv4` or `IPv6`.
    var familyName: String { ipv4 == nil ? "IPv6" : "IPv4" }

    /// Where an address is good: what people call it, else the registry's name for its block.
    var scopeName: String {
        if isUnspecified { return "unspecified" }
        if isLoopback { return "loopback" }
        if isMulticast { return "multicast" }
        if isBroadcast { return "broadcast" }
        if isPrivate { return unmapped.ipv4 == nil ? "unique local" : "private" }
        if isLinkLocal { return "link-local" }
        if isDocumentation { return "documentation" }
        if isSiteLocal { return "site-local" }
        return specialPurpose?.name ?? (isReserved ? "reserved" : "global")
    }
}

extension SpecialPurpose {
    /// `RFC 1918 192.168.0.0/16`.
    var source: String { "\(rfc) \(network)" }

    var json: JSONValue {
        [
            "name": .string(name), "rfc": .string(rfc), "network": .string("\(network)"),
            "is_globally_reachable": isGloballyReachable.map(JSONValue.boolean) ?? .null,
        ]
    }
}

extension LocalMachine.Way: CustomStringConvertible {
    /// The end of the sentence "on this machine: …".
    var description: String {
        switch self {
        case .own(let assigned): "the address of \(assigned.interface) (\(assigned.text))"
        case .link(let assigned): "reachable through \(assigned.interface) (\(assigned.text))"
        case .router(let assigned): "reachable through a router, by \(assigned.interface) (\(assigned.text))"
        case .none: "no route leads there"
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .own(let assigned): ["how": "own", "interface": .string(assigned.interface)]
        case .link(let assigned): ["how": "link", "interface": .string(assigned.interface)]
        case .router(let assigned): ["how": "router", "interface": .string(assigned.interface)]
        case .none: ["how": "none", "interface": .null]
        }
    }
}
