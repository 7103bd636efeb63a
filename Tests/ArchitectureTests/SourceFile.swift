// SPDX-License-Identifier: Apache-2.0

/// A file of the repository as the checks see it: its path from the root, its text, and its code.
struct SourceFile: Sendable {
    /// From the repository's root, such as `Sources/Sockets/Socket.swift`.
    let path: String

    /// Every line as it stands, without its newline.
    let lines: [String]

    /// The same lines with the insides of comments and string literals blanked: what the compiler runs.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(text)
        code = Self.split(CodeScanner.code(of: text))
    }

    /// The file's last path component.
    var name: String { String(path.split(separator: "/").last ?? "") }

    /// The target that the file belongs to, when it lies in `Sources/<module>/`.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    /// The modules that the file imports, with the line of each, counted from 1.
    var imports: [(line: Int, module: String)] {
        var found: [(line: Int, module: String)] = []
        for (index, line) in code.enumerated() where line.contains("import ") {
            var words = line.split(separator: " ")
            while let word = words.first, Self.importModifiers.contains(String(word)) || word.hasPrefix("@") {
                words.removeFirst()
            }
            guard words.count >= 2, words[0] == "import" else { continue }
            // `import struct Module.Name` names a kind first; a submodule follows a dot.
            let named = words.count > 2 && Self.importKinds.contains(String(words[1])) ? words[2] : words[1]
            found.append((index + 1, String(named.prefix { $0 != "." && $0 != ";" })))
        }
        return found
    }

    private static let importModifiers: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    private static let importKinds: Set<String> = [
        "typealias", "struct", "class", "enum", "protocol", "let", "var", "func",
    ]

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
