// SPDX-License-Identifier: Apache-2.0
package import SystemPackage

/// A TCP or UDP port, 0 to 65535. Port 0 asks the system for a free one.
///
/// ```swift
/// let port: Port = 8080
/// let given = try Port("8080")
/// ```
public struct Port: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: UInt16

    /// The port with this number.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The port with this number, or nil if it is outside 0 to 65535.
    public init?(exactly number: some BinaryInteger) {
        guard let rawValue = UInt16(exactly: number) else { return nil }
        self.init(rawValue: rawValue)
    }

    /// Port 0: the system chooses a free port.
    public static let any = Port(rawValue: 0)
}

extension Port: ExpressibleByIntegerLiteral {
    /// A port from a literal; the compiler refuses one over 65535.
    public init(integerLiteral value: UInt16) {
        self.init(rawValue: value)
    }
}

extension Port: Comparable {
    /// Orders by number.
    public static func < (left: Port, right: Port) -> Bool { left.rawValue < right.rawValue }
}

extension Port: CustomStringConvertible {
    /// Reads decimal digits: no sign, no space, no leading zero.
    ///
    /// - Throws: ``AddressError`` with `.empty`, `.portNotANumber` or `.portTooLarge`.
    public init(_ text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            self.init(rawValue: try Self.parse(text))
        } catch {
            throw AddressError(text, .port, error)
        }
    }

    static func parse(_ text: some StringProtocol) throws(AddressError.Reason) -> UInt16 {
        guard !text.isEmpty else { throw .empty }
        let isDecimal = text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard isDecimal, text.utf8.count == 1 || text.utf8.first != UInt8(ascii: "0") else {
            throw .portNotANumber(text.quotable(maximumLength: 40))
        }
        guard let number = UInt16(text) else { throw .portTooLarge(text.quotable(maximumLength: 40)) }
        return number
    }

    /// The decimal number.
    public var description: String { "\(rawValue)" }
}

// MARK: - Classes

extension Port {
    /// The ranges of RFC 6335 §6.
    public enum Class: String, Hashable, Sendable, CaseIterable {
        /// 0 to 1023, assigned by IANA; Linux lets only privileged programs bind them. Also called well known.
        case system
        /// 1024 to 49151, registered with IANA. Also called user ports.
        case registered
        /// 49152 to 65535, never assigned. Also called private ports.
        case dynamic
    }

    /// The split in two that older texts teach, from before RFC 6335 and its predecessors.
    public enum OlderClass: String, Hashable, Sendable, CaseIterable {
        /// 0 to 1023.
        case wellKnown = "well known"
        /// 1024 to 65535.
        case dynamic
    }

    /// The range that this port is in. RFC 6335 §6.
    public var portClass: Class {
        switch rawValue {
        case ...1023: .system
        case ...49151: .registered
        default: .dynamic
        }
    }

    /// The range that this port is in where only two are told apart, at 1024.
    public var olderClass: OlderClass { rawValue < 1024 ? .wellKnown : .dynamic }

    /// The ports that this system gives out when a program asks for none: Linux's are neither RFC 6335's dynamic ports
    /// nor the older ones.
    ///
    /// - Throws: ``AddressError`` with `.unreadable` if the system does not tell, `.notARange` if it tells nonsense.
    ///
    /// Linux: `/proc/sys/net/ipv4/ip_local_port_range`, ip(7).
    public static var ephemeralRange: ClosedRange<Port> {
        get throws(AddressError) { try ephemeralRange(from: "/proc/sys/net/ipv4/ip_local_port_range") }
    }

    package static func ephemeralRange(from file: FilePath) throws(AddressError) -> ClosedRange<Port> {
        let text: String
        do throws(Errno) { text = try kernelText(at: file) } catch {
            throw AddressError("\(file)", .ephemeralRange, .unreadable(error))
        }
        let bounds = text.split(whereSeparator: \.isWhitespace).compactMap { try? Port($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { throw AddressError(text, .ephemeralRange, .notARange) }
        return bounds[0]...bounds[1]
    }
}
