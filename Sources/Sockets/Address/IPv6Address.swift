// SPDX-License-Identifier: Apache-2.0

/// An IPv6 address: 128 bits, and the scope that a link-local address needs to mean one host.
///
/// Two addresses with different scopes are different.
/// RFC 4291, RFC 4007.
public struct IPv6Address: Hashable, Sendable {
    /// The 128 bits as a number in host order: ::1 is 1.
    public let rawValue: UInt128
    /// The index of the interface that a link-local address belongs to; 0 is none. RFC 4007 §6.
    public let scopeID: UInt32

    /// The address with these 128 bits, in host order, and this scope.
    public init(rawValue: UInt128, scopeID: UInt32 = 0) {
        self.rawValue = rawValue
        self.scopeID = scopeID
    }

    /// The address in sixteen bytes of network order (Python: `packed`).
    ///
    /// - Throws: ``AddressError`` with `.wrongByteCount` unless there are sixteen.
    public init(bytes: some Collection<UInt8>, scopeID: UInt32 = 0) throws(AddressError) {
        guard bytes.count == 16 else {
            throw AddressError("\(Array(bytes.prefix(16)))", .ipv6Address, .wrongByteCount(bytes.count, expected: 16))
        }
        self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt128($1) }, scopeID: scopeID)
    }

    /// The sixteen bytes in network order. The scope is not among them.
    public var bytes: [UInt8] {
        stride(from: 120, through: 0, by: -8).map { UInt8(truncatingIfNeeded: rawValue >> UInt128($0)) }
    }

    /// The eight groups of 16 bits, from the left.
    public var groups: [UInt16] {
        stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: rawValue >> UInt128($0)) }
    }

    /// `::`: every interface of this machine when one binds to it. RFC 4291 §2.5.2.
    public static let any = IPv6Address(rawValue: 0)
    /// `::1`: this machine. RFC 4291 §2.5.3.
    public static let loopback = IPv6Address(rawValue: 1)

    /// The same address with another scope; 0 takes it away.
    public func scoped(to scopeID: UInt32) -> IPv6Address { IPv6Address(rawValue: rawValue, scopeID: scopeID) }

    /// The name of the scope's interface, asked of the system at each call; nil without a scope, or if the interface is
    /// gone. C: `if_indextoname(3)`.
    public var scopeName: String? { interfaceName(at: scopeID) }

    /// The address `distance` further on, in the same scope, or nil if that is outside the 128 bits.
    public func advanced(by distance: Int128) -> IPv6Address? {
        let (sum, overflow) =
            distance < 0
            ? rawValue.subtractingReportingOverflow(distance.magnitude)
            : rawValue.addingReportingOverflow(distance.magnitude)
        return overflow ? nil : IPv6Address(rawValue: sum, scopeID: scopeID)
    }
}

extension IPv6Address: Comparable {
    /// Orders by the 128 bits as a number, then by the scope.
    public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
        (left.rawValue, left.scopeID) < (right.rawValue, right.scopeID)
    }
}

extension IPv6Address {
    /// The IPv6 form of an IPv4 address, `::ffff:a.b.c.d`, by which a dual-stack socket names an IPv4 peer.
    /// RFC 4291 §2.5.5.2.
    public init(mapping address: IPv4Address) {
        self.init(rawValue: 0xFFFF << 32 | UInt128(address.rawValue))
    }

    /// The IPv4 address inside `::ffff:0:0/96`, or nil. RFC 4291 §2.5.5.2.
    public var ipv4Mapped: IPv4Address? {
        rawValue >> 32 == 0xFFFF ? IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue)) : nil
    }

    /// The IPv4 address inside `2002::/16`, or nil. RFC 3056 §2.
    public var sixToFour: IPv4Address? {
        rawValue >> 112 == 0x2002 ? IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue >> 80)) : nil
    }

    /// The Teredo server and the client's public address inside `2001::/32`, or nil. RFC 4380 §4.
    public var teredo: (server: IPv4Address, client: IPv4Address)? {
        guard rawValue >> 96 == 0x2001_0000 else { return nil }
        return (
            IPv4Address(rawValue: UInt32(truncatingIfNeeded: rawValue >> 64)),
            IPv4Address(rawValue: ~UInt32(truncatingIfNeeded: rawValue))
        )
    }
}
