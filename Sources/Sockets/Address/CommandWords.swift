// SPDX-License-Identifier: Apache-2.0

/// The words of a command line, split without a shell: nothing is expanded, nothing is substituted.
///
/// Spaces and tabs separate words. Inside single quotes everything stands for itself; inside double quotes a backslash
/// takes a double quote or a backslash; elsewhere a backslash takes any character.
enum CommandWords {
    static func split(_ text: some StringProtocol) throws(AddressError.Reason) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch (character, quote) {
            case ("\0", _):
                throw .embeddedNUL
            case (" ", nil), ("\t", nil):
                if let word { words.append(word) }
                word = nil
            case ("'", nil), ("\"", nil):
                quote = character
                word = word ?? ""
            case ("\\", nil):
                guard let escaped = rest.popFirst() else { throw .unbalancedQuote }
                word = (word ?? "") + String(escaped)
            case ("\\", "\"") where rest.first == "\"" || rest.first == "\\":
                word = (word ?? "") + String(rest.removeFirst())
            case (_, .some(let open)) where open == character:
                quote = nil
            default:
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { throw .unbalancedQuote }
        if let word { words.append(word) }
        guard let program = words.first, !program.isEmpty else { throw .commandMissing }
        return words
    }

    /// The text that splits into `words` again.
    static func join(_ words: [String]) -> String {
        words.map { word in
            let isPlain = !word.isEmpty && word.allSatisfy { !" \t'\"\\".contains($0) }
            return isPlain
                ? word
                : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
        }.joined(separator: " ")
    }
}
