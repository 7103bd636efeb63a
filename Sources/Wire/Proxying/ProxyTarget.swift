// SPDX-License-Identifier: Apache-2.0

/// Where a proxy is asked to go: a host, by address or by name, and a port.
public struct ProxyTarget: Hashable, Sendable {
    /// The most characters of a host's name, without the dot of the root. RFC 1035 §2.3.4.
    public static let maximumNameLength = 253

    /// A host.
    public enum Host: Hashable, Sendable {
        /// By its address.
        case address(InternetAddress)
        /// By its name, in lower case.
        case name(String)
    }

    /// The host.
    public let host: Host
    /// The port; 0 where a protocol leaves it open.
    public let port: UInt16

    /// A target by address.
    public init(_ address: InternetAddress, _ port: UInt16) { self.init(.address(address), port) }

    private init(_ host: Host, _ port: UInt16) {
        self.host = host
        self.port = port
    }

    /// A target by the text of its host.
    ///
    /// What reads as an address is one, so that who refuses an address refuses it in either form. A name has letters,
    /// digits, hyphens and underscores in labels of at most 63 characters; one whose last label is a number (`127.1`,
    /// `0x7f.1`) is none, for programs disagree about which address that is.
    ///
    /// - Returns: nil for a text that is neither.
    public init?(host text: some Collection<UInt8>, port: UInt16) {
        let text = Array(text)
        if let address = InternetAddress(text) {
            self.init(address, port)
            return
        }
        guard Self.isName(text) else { return nil }
        self.init(.name(String(decoding: text, as: UTF8.self).lowercased()), port)
    }

    /// A target as `host:port`, an IPv6 address in brackets.
    ///
    /// - Returns: nil for any other text, and for port 0. RFC 9110 §9.3.6.
    public init?(authority text: some Collection<UInt8>) {
        let text = Array(text)
        guard let colon = text.lastIndex(of: UInt8(ascii: ":")),
            let port = DecimalNumber.read(text[(colon + 1)...], upTo: 65_535), port > 0
        else { return nil }
        let host = text[..<colon]
        if host.first == UInt8(ascii: "[") {
            guard host.last == UInt8(ascii: "]"), case .v6(let bits)? = InternetAddress(host.dropFirst().dropLast())
            else { return nil }
            self.init(.v6(bits), UInt16(port))
        } else {
            guard !host.contains(UInt8(ascii: ":")) else { return nil }
            self.init(host: host, port: UInt16(port))
        }
    }

    private static func isName(_ text: [UInt8]) -> Bool {
        let name = text.last == UInt8(ascii: ".") ? text.dropLast() : text[...]
        guard name.count <= maximumNameLength else { return false }
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy(isLabel) && !isNumber(labels.last ?? [])
    }

    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), hyphen, UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// Decimal, or hexadecimal behind `0x`.
    private static func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: label, as: UTF8.self).lowercased()
        if text.hasPrefix("0x") { return text.dropFirst(2).allSatisfy(\.isHexDigit) }
        return text.allSatisfy(\.isNumber)
    }
}

extension ProxyTarget: CustomStringConvertible {
    /// `host:port`, an IPv6 address in brackets.
    public var description: String {
        switch host {
        case .address(.v6(let bits)): "[\(InternetAddress.v6(bits))]:\(port)"
        case .address(let address): "\(address):\(port)"
        case .name(let name): "\(name):\(port)"
        }
    }
}
