// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address: 32 bits.
///
/// ```swift
/// let router = try IPv4Address("192.168.1.1")
/// router.isPrivate            // true
/// router.advanced(by: 1)      // 192.168.1.2
/// ```
/// RFC 791 §3.2.
public struct IPv4Address: RawRepresentable, Hashable, Sendable {
    /// The 32 bits as a number in host order: 127.0.0.1 is `0x7F00_0001`.
    public let rawValue: UInt32

    /// The address with these 32 bits, in host order.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The address a.b.c.d.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// The address in four bytes of network order (Python: `packed`).
    ///
    /// - Throws: ``AddressError`` with `.wrongByteCount` unless there are four.
    public init(bytes: some Collection<UInt8>) throws(AddressError) {
        guard bytes.count == 4 else {
            throw AddressError("\(Array(bytes.prefix(16)))", .ipv4Address, .wrongByteCount(bytes.count, expected: 4))
        }
        rawValue = bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The four bytes in network order.
    public var bytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: rawValue >> $0) } }

    /// 0.0.0.0: every interface of this machine when one binds to it. RFC 1122 §3.2.1.3.
    public static let any = IPv4Address(rawValue: 0)
    /// 127.0.0.1: this machine. RFC 1122 §3.2.1.3.
    public static let loopback = IPv4Address(127, 0, 0, 1)
    /// 255.255.255.255: every host of the local network. RFC 919 §7.
    public static let broadcast = IPv4Address(rawValue: .max)

    /// The address `distance` further on, or nil if that is outside 0.0.0.0 to 255.255.255.255.
    public func advanced(by distance: Int) -> IPv4Address? {
        let (sum, overflow) = Int(rawValue).addingReportingOverflow(distance)
        guard !overflow else { return nil }
        return UInt32(exactly: sum).map(IPv4Address.init(rawValue:))
    }
}

extension IPv4Address: Comparable {
    /// Orders by the 32 bits as a number.
    public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.rawValue < right.rawValue }
}
