// SPDX-License-Identifier: Apache-2.0

/// The address that a network card answers to on its own wire: `02:fc:00:00:00:01`.
///
/// Six bytes for Ethernet and Wi-Fi; other kinds of hardware have more or fewer, at most ``maximumLength``.
public struct HardwareAddress: Hashable, Sendable {
    /// The most bytes that Linux keeps of one.
    public static let maximumLength = 32

    /// The bytes, in the order in which they are written and sent.
    public let bytes: [UInt8]

    /// An address of these bytes; nil for none, or for more than ``maximumLength``.
    public init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard (1...Self.maximumLength).contains(bytes.count) else { return nil }
        self.bytes = bytes
    }

    /// Whether it addresses a group of cards. IEEE 802-2014 §8.2.
    public var isMulticast: Bool { bytes[0] & 1 != 0 }

    /// Whether somebody gave it out by hand or at random, instead of a maker. IEEE 802-2014 §8.4.
    public var isLocallyAdministered: Bool { bytes[0] & 2 != 0 }
}

extension HardwareAddress: LosslessStringConvertible {
    /// Reads pairs of hexadecimal digits with `:` or `-` between them, always the same of the two; nil for anything
    /// else.
    public init?(_ description: String) {
        let text = description.utf8
        let separator = text.dropFirst(2).first ?? UInt8(ascii: ":")
        guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "-"), text.count % 3 == 2 else { return nil }
        var bytes: [UInt8] = []
        for pair in text.split(separator: separator, omittingEmptySubsequences: false) {
            guard pair.count == 2, let high = Self.value(pair.first), let low = Self.value(pair.last) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    /// Pairs of small hexadecimal digits with `:` between them.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    private static func value(_ digit: UInt8?) -> UInt8? {
        switch digit {
        case let digit? where UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit: digit - UInt8(ascii: "0")
        case let digit? where UInt8(ascii: "a")...UInt8(ascii: "f") ~= digit: digit - UInt8(ascii: "a") + 10
        case let digit? where UInt8(ascii: "A")...UInt8(ascii: "F") ~= digit: digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
