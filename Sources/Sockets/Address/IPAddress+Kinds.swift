// SPDX-License-Identifier: Apache-2.0

// Each question is answered by the family's own type; see there for ranges and sources. An IPv4-mapped IPv6 address
// answers for the IPv4 address inside.

extension IPAddress {
    /// Whether this is the address that stands for none: 0.0.0.0 or `::`.
    public var isUnspecified: Bool {
        switch self {
        case .v4(let address): address.isUnspecified
        case .v6(let address): address.isUnspecified
        }
    }

    /// Whether this is an address of this machine only: 127.0.0.0/8 or `::1`.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address.isLoopback
        case .v6(let address): address.isLoopback
        }
    }

    /// Whether this is free for anybody's own network: RFC 1918 or unique local, RFC 4193.
    public var isPrivate: Bool {
        switch self {
        case .v4(let address): address.isPrivate
        case .v6(let address): address.isPrivate
        }
    }

    /// Whether this is good on one link only: 169.254.0.0/16 or fe80::/10.
    public var isLinkLocal: Bool {
        switch self {
        case .v4(let address): address.isLinkLocal
        case .v6(let address): address.isLinkLocal
        }
    }

    /// Whether this is a group: 224.0.0.0/4 or ff00::/8.
    public var isMulticast: Bool {
        switch self {
        case .v4(let address): address.isMulticast
        case .v6(let address): address.isMulticast
        }
    }

    /// Whether this is 255.255.255.255.
    public var isBroadcast: Bool {
        switch self {
        case .v4(let address): address.isBroadcast
        case .v6(let address): address.isBroadcast
        }
    }

    /// Whether this is for examples: RFC 5737, RFC 3849, RFC 9637.
    public var isDocumentation: Bool {
        switch self {
        case .v4(let address): address.isDocumentation
        case .v6(let address): address.isDocumentation
        }
    }

    /// Whether this was never given out: 240.0.0.0/4, or outside of IPv6's assigned ranges.
    public var isReserved: Bool {
        switch self {
        case .v4(let address): address.isReserved
        case .v6(let address): address.isReserved
        }
    }

    /// Whether this is the address of one host that can be reached from everywhere, by the special-purpose registries.
    public var isGlobal: Bool {
        switch self {
        case .v4(let address): address.isGlobal
        case .v6(let address): address.isGlobal
        }
    }

    /// Whether this is in `fec0::/10`, which was given up in 2004. RFC 3879 §4.
    public var isSiteLocal: Bool { ipv6?.isSiteLocal ?? false }

    /// The smallest block of the IANA special-purpose registries that this address is in; nil for an ordinary one.
    public var specialPurpose: SpecialPurpose? { SpecialPurpose.block(of: self) }

    /// What a packet for this address reaches.
    public var delivery: Delivery {
        switch self {
        case .v4(let address): address.delivery
        case .v6(let address): address.delivery
        }
    }
}
