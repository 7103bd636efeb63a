// SPDX-License-Identifier: Apache-2.0

/// A block of the IANA special-purpose address registries: what it is for, and which RFC says so.
///
/// The two tables below are the registries of iana.org, as of November 2026; the block names and references are IANA's.
/// RFC 6890, RFC 8190.
public struct SpecialPurpose: Hashable, Sendable {
    /// The block.
    public let network: IPNetwork
    /// What it is for, in the registry's words.
    public let name: String
    /// The document that set the block aside: `RFC 1918`.
    public let rfc: String
    /// Whether packets for the block may leave an administrative domain; nil where the registry says "not applicable",
    /// as for tunnels, whose reach depends on the address inside.
    public let isGloballyReachable: Bool?

    /// All blocks of both registries, IPv4 first, in the order of their addresses.
    public static let all = (ipv4 + ipv6).sorted { $0.network < $1.network }

    /// The smallest block that `address` is in, or nil for an ordinary address.
    static func block(of address: IPAddress) -> SpecialPurpose? {
        let table = address.ipv4 == nil ? ipv6 : ipv4
        return table.first { $0.network.contains(address) }
    }

    /// Smaller blocks first, so that the first match is the most specific one.
    private static let ipv4 = ipv4Registry.sorted { $0.network.prefixLength > $1.network.prefixLength }
    private static let ipv6 = ipv6Registry.sorted { $0.network.prefixLength > $1.network.prefixLength }

    private init(
        _ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ length: Int, _ name: String, _ rfc: Int, _ isGlobal: Bool?
    ) {
        network = IPNetwork(masking: .v4(IPv4Address(a, b, c, d)), prefixLength: length)
        (self.name, self.rfc, isGloballyReachable) = (name, "RFC \(rfc)", isGlobal)
    }

    private init(_ bits: UInt128, _ length: Int, _ name: String, _ rfc: Int, _ isGlobal: Bool?) {
        network = IPNetwork(masking: .v6(IPv6Address(rawValue: bits)), prefixLength: length)
        (self.name, self.rfc, isGloballyReachable) = (name, "RFC \(rfc)", isGlobal)
    }

    // Block, purpose, RFC, globally reachable.
    // swift-format-ignore
    private static let ipv4Registry: [SpecialPurpose] = [
        .init(0, 0, 0, 0, 8, "This network", 791, false),
        .init(0, 0, 0, 0, 32, "This host on this network", 1122, false),
        .init(10, 0, 0, 0, 8, "Private-Use", 1918, false),
        .init(100, 64, 0, 0, 10, "Shared Address Space", 6598, false),
        .init(127, 0, 0, 0, 8, "Loopback", 1122, false),
        .init(169, 254, 0, 0, 16, "Link Local", 3927, false),
        .init(172, 16, 0, 0, 12, "Private-Use", 1918, false),
        .init(192, 0, 0, 0, 24, "IETF Protocol Assignments", 6890, false),
        .init(192, 0, 0, 0, 29, "IPv4 Service Continuity Prefix", 7335, false),
        .init(192, 0, 0, 8, 32, "IPv4 dummy address", 7600, false),
        .init(192, 0, 0, 9, 32, "Port Control Protocol Anycast", 7723, true),
        .init(192, 0, 0, 10, 32, "Traversal Using Relays around NAT Anycast", 8155, true),
        .init(192, 0, 0, 170, 32, "NAT64/DNS64 Discovery", 8880, false),
        .init(192, 0, 0, 171, 32, "NAT64/DNS64 Discovery", 8880, false),
        .init(192, 0, 2, 0, 24, "Documentation (TEST-NET-1)", 5737, false),
        .init(192, 31, 196, 0, 24, "AS112-v4", 7535, true),
        .init(192, 52, 193, 0, 24, "AMT", 7450, true),
        .init(192, 88, 99, 0, 24, "Deprecated (6to4 Relay Anycast)", 7526, nil),
        .init(192, 88, 99, 2, 32, "6a44-relay anycast address", 6751, false),
        .init(192, 168, 0, 0, 16, "Private-Use", 1918, false),
        .init(192, 175, 48, 0, 24, "Direct Delegation AS112 Service", 7534, true),
        .init(198, 18, 0, 0, 15, "Benchmarking", 2544, false),
        .init(198, 51, 100, 0, 24, "Documentation (TEST-NET-2)", 5737, false),
        .init(203, 0, 113, 0, 24, "Documentation (TEST-NET-3)", 5737, false),
        .init(240, 0, 0, 0, 4, "Reserved", 1112, false),
        .init(255, 255, 255, 255, 32, "Limited Broadcast", 919, false),
    ]

    // The bits are written as the address is, group by group.
    // swift-format-ignore
    private static let ipv6Registry: [SpecialPurpose] = [
        .init(0, 128, "Unspecified Address", 4291, false),
        .init(1, 128, "Loopback Address", 4291, false),
        .init(0xFFFF_0000_0000, 96, "IPv4-mapped Address", 4291, false),
        .init(0x0064_FF9B << 96, 96, "IPv4-IPv6 Translat.", 6052, true),
        .init(0x0064_FF9B_0001 << 80, 48, "IPv4-IPv6 Translat.", 8215, false),
        .init(0x0100 << 112, 64, "Discard-Only Address Block", 6666, false),
        .init(0x0100_0000_0000_0001 << 64, 64, "Dummy IPv6 Prefix", 9780, false),
        .init(0x2001_0000 << 96, 23, "IETF Protocol Assignments", 2928, false),
        .init(0x2001_0000 << 96, 32, "TEREDO", 4380, nil),
        .init(0x2001_0001 << 96 | 1, 128, "Port Control Protocol Anycast", 7723, true),
        .init(0x2001_0001 << 96 | 2, 128, "Traversal Using Relays around NAT Anycast", 8155, true),
        .init(0x2001_0001 << 96 | 3, 128, "DNS-SD Service Registration Protocol Anycast", 9665, true),
        .init(0x2001_0002 << 96, 48, "Benchmarking", 5180, false),
        .init(0x2001_0003 << 96, 32, "AMT", 7450, true),
        .init(0x2001_0004_0112 << 80, 48, "AS112-v6", 7535, true),
        .init(0x2001_0010 << 96, 28, "Deprecated (previously ORCHID)", 4843, nil),
        .init(0x2001_0020 << 96, 28, "ORCHIDv2", 7343, true),
        .init(0x2001_0030 << 96, 28, "Drone Remote ID Protocol Entity Tags (DETs) Prefix", 9374, true),
        .init(0x2001_0DB8 << 96, 32, "Documentation", 3849, false),
        .init(0x2002 << 112, 16, "6to4", 3056, nil),
        .init(0x2620_004F_8000 << 80, 48, "Direct Delegation AS112 Service", 7534, true),
        .init(0x3FFF << 112, 20, "Documentation", 9637, false),
        .init(0x5F00 << 112, 16, "Segment Routing (SRv6) SIDs", 9602, false),
        .init(0xFC00 << 112, 7, "Unique-Local", 4193, false),
        .init(0xFE80 << 112, 10, "Link-Local Unicast", 4291, false),
    ]
}

extension SpecialPurpose: CustomStringConvertible {
    /// The name, the RFC and the block: `Private-Use (RFC 1918 192.168.0.0/16)`.
    public var description: String { "\(name) (\(rfc) \(network))" }
}
