// SPDX-License-Identifier: Apache-2.0

/// The words of a command line, split without a shell: nothing is expanded, nothing is substituted.
///
/// Spaces and tabs separate words. Inside single quotes everything stands for itself; inside double quotes a backslash
/// takes a double quote, a backslash or a scalar's number, `\u{1B}`; elsewhere a backslash takes any scalar.
///
/// All of it works on scalars: as characters, a quote with an accent on it would be no quote.
enum CommandWords {
    private typealias Scalars = Substring.UnicodeScalarView

    static func split(_ text: some StringProtocol) throws(AddressError.Reason) -> [String] {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var rest = Substring(text).unicodeScalars
        // In place: with a new text for each scalar a long word would take quadratic time.
        func add(_ scalar: Unicode.Scalar) { if word?.append(scalar) == nil { word = .init([scalar]) } }
        while let scalar = rest.popFirst() {
            switch (scalar, quote) {
            case ("\0", _):
                throw .embeddedNUL
            case (" ", nil), ("\t", nil):
                if let word { words.append(String(word)) }
                word = nil
            case ("'", nil), ("\"", nil):
                quote = scalar
                word = word ?? .init()
            case ("\\", nil):
                guard let escaped = rest.popFirst(), escaped != "\0" else { throw .unbalancedQuote }
                add(escaped)
            case ("\\", "\""):
                add(try escape(&rest))
            case (_, .some(let open)) where open == scalar:
                quote = nil
            default:
                add(scalar)
            }
        }
        guard quote == nil else { throw .unbalancedQuote }
        if let word { words.append(String(word)) }
        guard let program = words.first, !program.isEmpty else { throw .commandMissing }
        return words
    }

    /// What a backslash inside double quotes takes; before anything else it stands for itself.
    private static func escape(_ rest: inout Scalars) throws(AddressError.Reason) -> Unicode.Scalar {
        if let next = rest.first, next == "\"" || next == "\\" { return rest.removeFirst() }
        // No further than a number reaches: not to the end of the text for each backslash.
        guard rest.starts(with: "u{".unicodeScalars), let end = rest.prefix(longestNumber).firstIndex(of: "}"),
            let number = UInt32(Substring(rest[..<end].dropFirst(2)), radix: 16), let scalar = Unicode.Scalar(number)
        else { return "\\" }
        guard scalar != "\0" else { throw .embeddedNUL }
        rest = rest[rest.index(after: end)...]
        return scalar
    }

    /// `u{`, eight digits, `}`.
    private static let longestNumber = 11

    /// The text that splits into `words` again, without anything that a terminal would act on.
    static func join(_ words: [String]) -> String { words.map(quote).joined(separator: " ") }

    private static func quote(_ word: String) -> String {
        let scalars = word.unicodeScalars
        guard scalars.allSatisfy(\.isPrintable) else {
            return "\"" + scalars.map { $0.isPrintable ? quoteDoubly($0) : numbered($0) }.joined() + "\""
        }
        let isPlain = !word.isEmpty && !scalars.contains { " \t'\"\\".unicodeScalars.contains($0) }
        return isPlain ? word : "'" + scalars.map { $0 == "'" ? #"'\''"# : String($0) }.joined() + "'"
    }

    private static func quoteDoubly(_ scalar: Unicode.Scalar) -> String {
        scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
    }

    private static func numbered(_ scalar: Unicode.Scalar) -> String {
        "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }
}
