// SPDX-License-Identifier: Apache-2.0

/// Whether everything that a user can see says what it is.
enum Documentation {
    /// Public declarations without a doc comment above them. What a public protocol asks for and the cases of a public
    /// enum are public without the word, and count too.
    static func violations(in file: SourceFile) -> [Violation] {
        guard file.module != nil, file.path.hasSuffix(".swift") else { return [] }
        var scopes = Scopes()
        return file.code.enumerated().compactMap { index, code in
            let declaration = Declaration(code)
            let isVisible = declaration.map(scopes.publishes) ?? false
            scopes.follow(code, declaring: declaration?.keyword, isVisible: isVisible)
            guard let declaration, isVisible, declaration.needsWords, !isDocumented(index, in: file) else { return nil }
            return Violation(file, line: index + 1, "a public \(declaration.keyword) without a doc comment")
        }
    }

    /// Whether a doc comment stands above the line. Attributes and conditions may stand between, and other cases: one
    /// comment may speak for a list of them.
    private static func isDocumented(_ index: Int, in file: SourceFile) -> Bool {
        let isCase = Declaration(file.code[index])?.keyword == "case"
        for above in (0..<index).reversed() {
            let line = file.lines[above].drop { $0 == " " }
            if line.hasPrefix("///") { return true }
            let isListed = isCase && Declaration(file.code[above])?.keyword == "case"
            guard isListed || line.hasPrefix("@") || line.hasPrefix("#if") || line.hasPrefix("// swift-format-ignore")
            else { return false }
        }
        return false
    }
}

/// The line that begins a declaration, as far as its keyword.
private struct Declaration {
    var keyword: String
    /// The access that is written out, if any is.
    var access: String?

    var needsWords: Bool { keyword != "extension" && keyword != "import" }

    init?(_ code: String) {
        var rest = code.drop { $0 == " " }
        var access: String?
        while let first = rest.first {
            let word = rest.prefix { $0.isIdentifierCharacter }
            let after = rest.dropFirst(word.count)
            if first == "@" {
                rest = rest.drop { $0 != " " && $0 != "(" }
            } else if Self.keywords.contains(String(word)) && !(word == "class" && Self.isMember(after)) {
                (keyword, self.access) = (String(word), access)
                return
            } else if Self.accesses.contains(String(word)) {
                // private(set) says who may write; who may read stands beside it.
                access = after.hasPrefix("(set)") ? access : String(word)
                rest = after
            } else if Self.modifiers.contains(String(word)) {
                rest = after
            } else {
                return nil
            }
            // The argument of an attribute, of private(set) or of unowned(unsafe).
            if rest.first == "(" { rest = rest.drop { $0 != ")" }.dropFirst() }
            rest = rest.drop { $0 == " " }
        }
        return nil
    }

    /// `class func` says how a function is called; `class Name` declares.
    private static func isMember(_ rest: Substring) -> Bool {
        let next = rest.drop { $0 == " " }.prefix { $0.isIdentifierCharacter }
        return ["func", "var", "let", "subscript"].contains(String(next))
    }

    private static let keywords: Set<String> = [
        "func", "var", "let", "init", "subscript", "struct", "enum", "class", "actor", "protocol", "extension",
        "typealias", "associatedtype", "case", "macro", "operator", "import",
    ]

    private static let accesses: Set<String> = ["public", "open", "package", "internal", "fileprivate", "private"]

    private static let modifiers: Set<String> = [
        "static", "class", "final", "override", "required", "convenience", "mutating", "nonmutating", "borrowing",
        "consuming", "nonisolated", "isolated", "indirect", "lazy", "weak", "unowned", "dynamic", "prefix", "postfix",
        "infix", "distributed",
    ]
}

/// The braces that the scan is inside of, each with the declaration that opened it.
private struct Scopes {
    private typealias Scope = (keyword: String?, isVisible: Bool)

    private var open: [Scope] = []
    /// A type whose brace is still to come.
    private var announced: Scope?

    /// Whether a user sees the declaration: by its own word, or because of what it stands in.
    func publishes(_ declaration: Declaration) -> Bool {
        if let access = declaration.access { return access == "public" || access == "open" }
        guard let scope = open.last, scope.isVisible else { return false }
        switch scope.keyword {
        case "protocol", "extension": return true
        case "enum": return declaration.keyword == "case"
        default: return false
        }
    }

    /// Opens and closes what this line's braces do.
    mutating func follow(_ code: String, declaring keyword: String?, isVisible: Bool) {
        if let keyword, ["protocol", "extension", "enum", "struct", "class", "actor"].contains(keyword) {
            announced = (keyword, isVisible)
        }
        for character in code {
            if character == "{" {
                open.append(announced ?? (nil, false))
                announced = nil
            } else if character == "}" {
                _ = open.popLast()
            }
        }
    }
}
