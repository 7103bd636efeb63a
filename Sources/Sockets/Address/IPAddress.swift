// SPDX-License-Identifier: Apache-2.0

/// An IP address of either family.
///
/// ```swift
/// let peer = try IPAddress("2001:db8::1")
/// ```
/// IPv4 sorts before IPv6. An IPv4-mapped IPv6 address is not equal to its IPv4 address; ``unmapped`` makes it so.
public enum IPAddress: Hashable, Sendable {
    /// An IPv4 address.
    case v4(IPv4Address)
    /// An IPv6 address.
    case v6(IPv6Address)

    /// The address in four or sixteen bytes of network order.
    ///
    /// - Throws: ``AddressError`` with `.wrongByteCount` for any other number of bytes.
    public init(bytes: some Collection<UInt8>) throws(AddressError) {
        self = bytes.count == 4 ? .v4(try IPv4Address(bytes: bytes)) : .v6(try IPv6Address(bytes: bytes))
    }

    /// The four or sixteen bytes in network order. A scope is not among them.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let address): address.bytes
        case .v6(let address): address.bytes
        }
    }

    /// The IPv4 address of this family, or nil.
    public var ipv4: IPv4Address? { if case .v4(let address) = self { address } else { nil } }

    /// The IPv6 address of this family, or nil.
    public var ipv6: IPv6Address? { if case .v6(let address) = self { address } else { nil } }

    /// The IPv4 address for an IPv4-mapped one, any other address unchanged: what a log or an allow list wants.
    public var unmapped: IPAddress { ipv6?.ipv4Mapped.map(IPAddress.v4) ?? self }

    /// How many bits an address of this family has: 32 or 128.
    public var bitWidth: Int { ipv4 == nil ? 128 : 32 }

    /// The bits as a number, from the right.
    var bits: UInt128 {
        switch self {
        case .v4(let address): UInt128(address.rawValue)
        case .v6(let address): address.rawValue
        }
    }

    /// The address of this one's family with other bits, without a scope. What does not fit into the family is cut off.
    func replacing(bits: UInt128) -> IPAddress {
        switch self {
        case .v4: .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: bits)))
        case .v6: .v6(IPv6Address(rawValue: bits))
        }
    }

    /// The address `distance` further on, or nil if that is outside the family.
    public func advanced(by distance: Int128) -> IPAddress? {
        switch self {
        case .v4(let address): Int(exactly: distance).flatMap(address.advanced(by:)).map(IPAddress.v4)
        case .v6(let address): address.advanced(by: distance).map(IPAddress.v6)
        }
    }
}

extension IPAddress: Comparable {
    /// Orders IPv4 before IPv6, then by the bits as a number.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let left), .v4(let right)): left < right
        case (.v6(let left), .v6(let right)): left < right
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// Reads an IPv4 or IPv6 address, strictly, as the two types do.
    ///
    /// - Throws: ``AddressError`` that quotes the text and the part that is wrong.
    ///
    /// C: `inet_pton(3)`.
    @inlinable
    public init(_ text: some StringProtocol) throws(AddressError) {
        // The cast costs nothing once this is specialized for String; the conversion would retain and release it.
        self = try Self.parse(text as? String ?? String(text))
    }

    @usableFromInline
    static func parse(_ text: String) throws(AddressError) -> IPAddress {
        do throws(AddressError.Reason) {
            let span = text.utf8.span
            // A colon is in the first five bytes of every IPv6 address and in no IPv4 address.
            for index in 0..<min(5, span.count) where span[index] == UInt8(ascii: ":") {
                return .v6(try IPv6Address.parse(span))
            }
            return .v4(IPv4Address(rawValue: try IPv4Address.parse(span)))
        } catch {
            throw AddressError(text, .ipAddress, error)
        }
    }

    /// The canonical text: RFC 5952 for IPv6.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }

    /// The text with nothing left out: all groups and digits of an IPv6 address.
    public var exploded: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.exploded
        }
    }

    /// The name to ask the DNS for to learn this address' host name.
    public var reversePointer: String {
        switch self {
        case .v4(let address): address.reversePointer
        case .v6(let address): address.reversePointer
        }
    }
}
