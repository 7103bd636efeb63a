// SPDX-License-Identifier: Apache-2.0
//
// Decision: `Wire` knows no sockets, and two of its protocols write addresses as text. So it has a strict reader of
//           that text; who has a socket makes its own type from the bits.

/// An IP address as a protocol carries it.
public enum InternetAddress: Hashable, Sendable {
    /// The 32 bits of an IPv4 address, the first octet highest.
    case v4(UInt32)
    /// The 128 bits of an IPv6 address, the first group highest.
    case v6(UInt128)

    /// Reads dotted decimal numbers without leading zeros, or the colon form of IPv6 without brackets and scope; nil
    /// for any other text.
    ///
    /// RFC 4291 §2.2.
    public init?(_ text: some Collection<UInt8>) {
        let text = Array(text)
        if let bits = Self.ipv4(text[...]) {
            self = .v4(bits)
        } else if let bits = Self.ipv6(text) {
            self = .v6(bits)
        } else {
            return nil
        }
    }

    /// Four decimal numbers of one to three digits.
    private static func ipv4(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4, text.count <= 15 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard let number = DecimalNumber.read(part, upTo: 255) else { return nil }
            bits = bits << 8 | UInt32(number)
        }
        return bits
    }

    private static func ipv6(_ text: [UInt8]) -> UInt128? {
        guard text.count <= 45 else { return nil }
        let colon = UInt8(ascii: ":")
        guard let gap = text.indices.dropLast().first(where: { text[$0] == colon && text[$0 + 1] == colon }) else {
            guard let groups = groups(text[...], mayEndInIPv4: true), groups.count == 8 else { return nil }
            return bits(groups)
        }
        guard let before = groups(text[..<gap], mayEndInIPv4: false),
            let behind = groups(text[(gap + 2)...], mayEndInIPv4: true), before.count + behind.count <= 7
        else { return nil }
        return bits(before + Array(repeating: 0, count: 8 - before.count - behind.count) + behind)
    }

    private static func bits(_ groups: [UInt16]) -> UInt128 { groups.reduce(0) { $0 << 16 | UInt128($1) } }

    /// Groups of one to four hexadecimal digits; none for no text.
    private static func groups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, let bits = ipv4(part) {
                groups += [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
            } else if (1...4).contains(part.count), let group = hexadecimal(part) {
                groups.append(group)
            } else {
                return nil
            }
        }
        return groups
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var value: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }
}

extension InternetAddress: CustomStringConvertible {
    /// `192.0.2.1`; of IPv6 all eight groups: `2001:db8:0:0:0:0:0:1`, which every reader understands.
    public var description: String {
        switch self {
        case .v4(let bits): stride(from: 24, through: 0, by: -8).map { "\(bits >> $0 & 0xFF)" }.joined(separator: ".")
        case .v6(let bits):
            stride(from: 112, through: 0, by: -16).map { String(bits >> $0 & 0xFFFF, radix: 16) }
                .joined(separator: ":")
        }
    }
}

/// An IP address and a port.
public struct InternetEndpoint: Hashable, Sendable {
    /// The address.
    public var address: InternetAddress
    /// The port.
    public var port: UInt16

    /// An endpoint.
    public init(_ address: InternetAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }
}

/// Decimal numbers as strict protocols write them.
enum DecimalNumber {
    /// Reads digits without a sign, a blank or a leading zero; nil for any other text, and for a number over `limit`.
    static func read(_ digits: some Collection<UInt8>, upTo limit: Int) -> Int? {
        guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0"), digits.count <= 10 else {
            return nil
        }
        var value = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value <= limit ? value : nil
    }
}
