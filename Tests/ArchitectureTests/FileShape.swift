// SPDX-License-Identifier: Apache-2.0

/// What every file of ours looks like, whatever it says.
enum FileShape {
    static let longestLine = 120
    static let linesToWarnAt = 400
    static let linesToFailAt = 600
    static let licenseLine = "// SPDX-License-Identifier: Apache-2.0"

    /// Files that are one long table, which no reader wants in pieces.
    static let tables = ["SocketOption*", "Constants.swift", "SpecialPurpose.swift"]

    /// A first line that is not the license's. In a manifest the tools' version has to come first.
    static func licenseViolations(in file: SourceFile) -> [Violation] {
        let expected = file.name == "Package.swift" ? 1 : 0
        if file.lines.count > expected, file.lines[expected] == licenseLine { return [] }
        return [Violation(file, line: expected + 1, "this line has to be: \(licenseLine)")]
    }

    /// Lines over the width of a page.
    static func widthViolations(in file: SourceFile) -> [Violation] {
        file.lines.enumerated().filter { $1.utf8.count > longestLine && $1.count > longestLine }.map {
            Violation(file, line: $0 + 1, "\($1.count) columns, and \(longestLine) is the most")
        }
    }

    /// Notes to oneself: what is to be done belongs in an issue, where somebody finds it.
    static func noteViolations(in file: SourceFile) -> [Violation] {
        // In two pieces, or this file would find itself.
        let notes = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        return file.lines.enumerated().flatMap { index, line in
            notes.filter { line.contains(form: $0) }.map {
                Violation(file, line: index + 1, "\($0) left in the source")
            }
        }
    }

    /// A file over the limit has swallowed a second noun.
    static func lengthViolations(in file: SourceFile, limit: Int = linesToFailAt) -> [Violation] {
        guard file.lines.count > limit, !tables.contains(where: { file.name.isCovered(by: $0) }) else { return [] }
        return [Violation(file, "\(file.lines.count) lines, over \(limit): which noun has it swallowed?")]
    }
}
