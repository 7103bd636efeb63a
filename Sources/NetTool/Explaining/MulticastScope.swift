// SPDX-License-Identifier: Apache-2.0
import Sockets

/// How far the packets for a group go.
struct MulticastScope: Hashable, Sendable, CustomStringConvertible {
    /// A few words, with their source.
    let description: String

    /// - Precondition: `group` is a multicast address.
    init(_ group: IPAddress) {
        precondition(group.isMulticast, "\(group) is no group")
        switch group.unmapped {
        case .v4(let address): description = Self.describe(address)
        case .v6(let address): description = Self.describe(address)
        }
    }

    /// RFC 5771 §3, RFC 4607 §1, RFC 3180 §2, RFC 2365 §6.
    private static func describe(_ address: IPv4Address) -> String {
        switch address.rawValue >> 8 {
        case 0xE0_0000: "group on this link only (RFC 5771 224.0.0.0/24)"
        case 0xE0_0001: "group for control across networks (RFC 5771 224.0.1.0/24)"
        case 0xE8_0000...0xE8_FFFF: "source-specific group (RFC 4607 232.0.0.0/8)"
        case 0xE9_0000...0xE9_FFFF: "group of one autonomous system (RFC 3180 233.0.0.0/8)"
        case 0xEF_FF00...0xEF_FFFF: "group of local scope (RFC 2365 239.255.0.0/16)"
        case 0xEF_C000...0xEF_C3FF: "group of organization scope (RFC 2365 239.192.0.0/14)"
        case 0xEF_0000...0xEF_FFFF: "group of administrative scope (RFC 2365 239.0.0.0/8)"
        default: "group (RFC 5771 224.0.0.0/4)"
        }
    }

    /// RFC 4291 §2.7, RFC 7346 §2.
    private static func describe(_ address: IPv6Address) -> String {
        let scope: String =
            switch address.rawValue >> 112 & 0xF {
            case 0x1: "of this interface only"
            case 0x2: "on this link only"
            case 0x3: "of realm scope"
            case 0x4: "of administrative scope"
            case 0x5: "of this site"
            case 0x8: "of this organization"
            case 0xE: "of global scope"
            default: "of no assigned scope"
            }
        let isTransient = address.rawValue >> 116 & 1 == 1
        return "\(isTransient ? "transient" : "well-known") group \(scope) (RFC 4291 ff00::/8)"
    }
}
