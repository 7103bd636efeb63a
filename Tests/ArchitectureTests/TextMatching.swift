// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether the pattern names this path: exactly, as a folder (`…/`), or as a prefix (`…*`).
    func isCovered(by pattern: String) -> Bool {
        if pattern.hasSuffix("/") { return hasPrefix(pattern) }
        if pattern.hasSuffix("*") { return hasPrefix(pattern.dropLast()) }
        return self == pattern
    }

    /// Whether the form stands here, not as a piece of a longer name. Blanks before a sign don't count: the form
    /// `Task{` is found in `Task {`.
    func contains(form: String) -> Bool {
        let word = form.prefix { $0.isIdentifierCharacter }
        return ranges(of: word.isEmpty ? form.prefix(1) : word).contains { range in
            let isInsideName =
                range.lowerBound > startIndex && self[index(before: range.lowerBound)].isIdentifierCharacter
            return !(isInsideName && !word.isEmpty) && self[range.lowerBound...].starts(withForm: form)
        }
    }
}

extension Substring {
    fileprivate func starts(withForm form: String) -> Bool {
        var rest = self
        for character in form {
            if !character.isIdentifierCharacter { rest = rest.drop { $0 == " " } }
            guard rest.popFirst() == character else { return false }
        }
        let mayEnd = form.last?.isIdentifierCharacter != true
        return mayEnd || rest.first?.isIdentifierCharacter != true
    }
}

extension Character {
    /// Whether an identifier may go on with this character.
    var isIdentifierCharacter: Bool { isLetter || isNumber || self == "_" }
}
