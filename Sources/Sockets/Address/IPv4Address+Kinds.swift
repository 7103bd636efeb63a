// SPDX-License-Identifier: Apache-2.0

/// What a packet for an address reaches.
public enum Delivery: String, Hashable, Sendable, CaseIterable {
    /// One host.
    case unicast
    /// Every host that has joined a group.
    case multicast
    /// Every host of the local network.
    case broadcast
    /// Nobody: the address that stands for none.
    case unspecified
}

extension IPv4Address {
    /// The classes by which networks were told apart before 1993. Prefix lengths took their place (RFC 4632); the names
    /// live on in books.
    public enum Class: String, Hashable, Sendable, CaseIterable {
        /// 0.0.0.0 to 127.255.255.255: networks of 16 million addresses.
        case a = "A"
        /// 128.0.0.0 to 191.255.255.255: networks of 65,536 addresses.
        case b = "B"
        /// 192.0.0.0 to 223.255.255.255: networks of 256 addresses.
        case c = "C"
        /// 224.0.0.0 to 239.255.255.255: multicast groups.
        case d = "D"
        /// 240.0.0.0 to 255.255.255.255: reserved.
        case e = "E"
    }

    /// The class of old. RFC 791 §3.2, RFC 1112 §4.
    public var addressClass: Class {
        switch rawValue >> 24 {
        case ..<128: .a
        case ..<192: .b
        case ..<224: .c
        case ..<240: .d
        default: .e
        }
    }

    /// 0.0.0.0. RFC 1122 §3.2.1.3.
    public var isUnspecified: Bool { self == .any }

    /// 127.0.0.0/8: this machine. RFC 1122 §3.2.1.3.
    public var isLoopback: Bool { rawValue >> 24 == 127 }

    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16: free for anybody's own network. RFC 1918 §3.
    ///
    /// Python's `is_private` is another question; it is closer to the opposite of ``isGlobal``.
    public var isPrivate: Bool { rawValue >> 24 == 10 || rawValue >> 20 == 0xAC1 || rawValue >> 16 == 0xC0A8 }

    /// 169.254.0.0/16: good on one link only. RFC 3927 §2.1.
    public var isLinkLocal: Bool { rawValue >> 16 == 0xA9FE }

    /// 224.0.0.0/4: a group of hosts. RFC 5771 §3.
    public var isMulticast: Bool { rawValue >> 28 == 0xE }

    /// 255.255.255.255: every host of the local network. RFC 919 §7.
    public var isBroadcast: Bool { self == .broadcast }

    /// 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24: for examples. RFC 5737 §3.
    public var isDocumentation: Bool { [0xC00002, 0xC63364, 0xCB0071].contains(rawValue >> 8) }

    /// 240.0.0.0/4, never assigned; it includes the broadcast address. RFC 1112 §4.
    public var isReserved: Bool { rawValue >> 28 == 0xF }

    /// Whether this is the address of one host that can be reached from everywhere: neither multicast, nor in a block
    /// that the registry of special purposes calls unreachable, or of doubtful reach. RFC 6890 §2.2.2.
    public var isGlobal: Bool { !isMulticast && specialPurpose?.isGloballyReachable ?? (specialPurpose == nil) }

    /// The smallest block of the IANA special-purpose registry that this address is in; nil for an ordinary one.
    public var specialPurpose: SpecialPurpose? { SpecialPurpose.block(of: .v4(self)) }

    /// What a packet for this address reaches, as far as the address alone can tell: a network's own broadcast address
    /// depends on its prefix, see ``IPNetwork/broadcast``.
    public var delivery: Delivery {
        if isUnspecified { return .unspecified }
        if isBroadcast { return .broadcast }
        return isMulticast ? .multicast : .unicast
    }
}
