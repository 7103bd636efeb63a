// SPDX-License-Identifier: Apache-2.0

/// A nickname, or a room's name: letters of any script, digits, `-`, `_` and `.`, at most 32 of them. Letters that show
/// nothing, as the Hangul fillers, are none.
///
/// Two names that differ in the case of their letters only are the same name.
public struct ChatName: Hashable, Sendable, CustomStringConvertible {
    /// The most scalars of a name.
    public static let maximumLength = 32

    /// The name as its owner writes it.
    public let description: String
    /// The same for every way to write the name.
    private let key: String

    /// A name that somebody wants; nil for what can't be one.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard 1...Self.maximumLength ~= text.unicodeScalars.count, text.unicodeScalars.allSatisfy(Self.isPart) else {
            return nil
        }
        description = text
        key = text.lowercased()
    }

    /// A name that is one for sure.
    init(known: String) {
        description = known
        key = known.lowercased()
    }

    /// Compares without regard to case.
    public static func == (left: ChatName, right: ChatName) -> Bool { left.key == right.key }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }

    private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "-", "_", ".": true
        case "0"..."9": true
        // Egyptian hieroglyphs that are blank by design are letters, and not to be ignored.
        case "\u{13441}", "\u{13442}": false
        default: scalar.properties.isAlphabetic && !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
