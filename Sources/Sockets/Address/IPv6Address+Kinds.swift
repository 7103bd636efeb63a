// SPDX-License-Identifier: Apache-2.0

// An IPv4-mapped address is what a dual-stack socket calls an IPv4 peer, and a packet for it goes to that IPv4 address:
// so each question is asked of the address inside. An allow list that let ::ffff:127.0.0.1 pass for a stranger would be
// a hole.

extension IPv6Address {
    /// `::`, and an IPv4-mapped 0.0.0.0. RFC 4291 §2.5.2.
    public var isUnspecified: Bool { ipv4Mapped?.isUnspecified ?? (rawValue == 0) }

    /// `::1`, and IPv4-mapped loopback addresses. RFC 4291 §2.5.3.
    public var isLoopback: Bool { ipv4Mapped?.isLoopback ?? (rawValue == 1) }

    /// `fc00::/7`, unique local addresses, and IPv4-mapped private ones. RFC 4193 §3.
    ///
    /// Python's `is_private` is another question; it is closer to the opposite of ``isGlobal``.
    public var isPrivate: Bool { ipv4Mapped?.isPrivate ?? (rawValue >> 121 == 0xFC >> 1) }

    /// `fe80::/10`, good on one link only and in need of a scope, and IPv4-mapped link-local ones. RFC 4291 §2.5.6.
    public var isLinkLocal: Bool { ipv4Mapped?.isLinkLocal ?? (rawValue >> 118 == 0xFE80 >> 6) }

    /// `fec0::/10`, given up in 2004 for unique local addresses. RFC 3879 §4.
    public var isSiteLocal: Bool { rawValue >> 118 == 0xFEC0 >> 6 }

    /// `ff00::/8`, and IPv4-mapped groups. RFC 4291 §2.7.
    public var isMulticast: Bool { ipv4Mapped?.isMulticast ?? (rawValue >> 120 == 0xFF) }

    /// Only an IPv4-mapped 255.255.255.255: IPv6 has groups in place of broadcast. RFC 4291 §2.
    public var isBroadcast: Bool { ipv4Mapped?.isBroadcast ?? false }

    /// `2001:db8::/32`, `3fff::/20`, and IPv4-mapped ones. RFC 3849 §2, RFC 9637 §3.
    public var isDocumentation: Bool {
        ipv4Mapped?.isDocumentation ?? (rawValue >> 96 == 0x2001_0DB8 || rawValue >> 108 == 0x3FFF0)
    }

    /// Outside of every range that was ever given out: of 2000::/3, fc00::/7, fe80::/10, fec0::/10 and ff00::/8;
    /// ``isUnspecified`` and ``isLoopback`` addresses lie there too. RFC 4291 §2.4.
    public var isReserved: Bool {
        if let ipv4Mapped { return ipv4Mapped.isReserved }
        let isAssigned = rawValue >> 125 == 1 || rawValue >> 121 == 0xFC >> 1 || rawValue >> 120 == 0xFF
        return !isAssigned && !isLinkLocal && !isSiteLocal
    }

    /// Whether this is the address of one host that can be reached from everywhere: neither multicast, nor site-local,
    /// nor in a block that the registry of special purposes calls unreachable, or of doubtful reach (Teredo, 6to4).
    /// RFC 6890 §2.2.3.
    public var isGlobal: Bool {
        if let ipv4Mapped { return ipv4Mapped.isGlobal }
        return !isMulticast && !isSiteLocal && specialPurpose?.isGloballyReachable ?? (specialPurpose == nil)
    }

    /// The smallest block of the IANA special-purpose registry that this address is in; nil for an ordinary one. For an
    /// IPv4-mapped address it is `::ffff:0:0/96`; ask ``ipv4Mapped`` for the block of the address inside.
    public var specialPurpose: SpecialPurpose? { SpecialPurpose.block(of: .v6(self)) }

    /// What a packet for this address reaches.
    public var delivery: Delivery {
        if let ipv4Mapped { return ipv4Mapped.delivery }
        if isUnspecified { return .unspecified }
        return isMulticast ? .multicast : .unicast
    }
}
