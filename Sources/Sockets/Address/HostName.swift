// SPDX-License-Identifier: Apache-2.0

/// A host's name, checked for form, not for existence.
///
/// ASCII letters, digits, hyphens and underscores in labels of at most 63 characters, at most 253 in all; letters are
/// kept in lower case, since names compare without case. International names must be given in their `xn--` form.
/// RFC 1123 §2.1, RFC 1035 §2.3.4, RFC 4343.
public struct HostName: Hashable, Sendable, CustomStringConvertible {
    /// The most characters of a name, without the dot of the root.
    public static let maximumLength = 253
    /// The most characters of a label.
    public static let maximumLabelLength = 63

    /// The name in lower case; a dot at its end, which keeps a resolver from trying search domains, is part of it.
    public let text: String

    /// Checks a name.
    ///
    /// - Throws: ``AddressError`` that quotes the name and says which rule it breaks. A name whose last label is a
    ///   number is refused (`.numericHost`): programs disagree about what address `127.1` or `0x7f.1` is.
    public init(_ text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            self.text = try Self.parse(text.lowercased())
        } catch {
            throw AddressError(text, .hostName, error)
        }
    }

    /// The name.
    public var description: String { text }

    private static func parse(_ text: String) throws(AddressError.Reason) -> String {
        guard !text.isEmpty else { throw .hostMissing }
        let name = text.hasSuffix(".") ? text.dropLast() : text[...]
        for character in name where !isAllowed(character) {
            guard character.isASCII else { throw .hostNotASCII(text.quotable(maximumLength: 40)) }
            throw .unexpectedCharacter(String(character).quotable(maximumLength: 8))
        }
        guard name.utf8.count <= maximumLength else { throw .nameTooLong(name.utf8.count, maximum: maximumLength) }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            guard !label.isEmpty else { throw .labelMissing }
            guard label.utf8.count <= maximumLabelLength else { throw .labelTooLong(String(label)) }
            guard !label.hasPrefix("-"), !label.hasSuffix("-") else { throw .labelWithOuterHyphen(String(label)) }
        }
        if let last = labels.last, isNumber(last) {
            do throws(AddressError) { _ = try IPv4Address(name) } catch { throw .numericHost(error.reason.description) }
        }
        return text
    }

    private static func isAllowed(_ character: Character) -> Bool {
        switch character {
        case "a"..."z", "0"..."9", "-", "_", ".": character.isASCII
        default: false
        }
    }

    /// Decimal, or hexadecimal behind `0x`: what a resolver would read as part of an IPv4 address.
    private static func isNumber(_ label: Substring) -> Bool {
        if label.hasPrefix("0x") { return label.dropFirst(2).allSatisfy(\.isHexDigit) }
        return label.allSatisfy(\.isNumber)
    }
}
