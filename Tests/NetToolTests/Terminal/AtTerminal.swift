// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport

extension ForeignProgram {
    /// A program at a terminal of 40 columns, driven by Python's pty module: what is written is typed, what it shows is
    /// its output. Its last line says `ended 0, terminal restored`.
    static func atTerminal(_ words: String...) throws -> ForeignProgram {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Oracles/terminal.py").path
        return try ForeignProgram(Python.executable, [script] + words)
    }

    /// `nt` at a terminal.
    static func ntAtTerminal(_ words: String...) throws -> ForeignProgram {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Oracles/terminal.py").path
        return try ForeignProgram(Python.executable, [script, BuiltProgram.path("nt")] + words)
    }

    /// The process at the terminal.
    func childAtTerminal() throws -> Int32 {
        let line = try errorLine(containing: "child ")
        return Int32(line.split(separator: " ").last ?? "") ?? -1
    }
}

/// What a terminal shows after this output: rows of text, as far as the programs here write to one.
struct Screen {
    private(set) var rows: [[Character]] = [[]]
    private var column = 0

    init(_ output: String) {
        var scalars = Array(output.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\r": column = 0
            case "\n": rows.append([])
            case "\u{7}": break
            case "\u{1B}": control(&scalars)
            default: put(Character(scalar))
            }
        }
    }

    /// The rows without what is empty at their ends.
    var lines: [String] {
        rows.map { row in
            var text = String(row.filter { $0 != "\0" })
            while text.last == " " { text.removeLast() }
            return text
        }
    }

    private mutating func control(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        guard scalars.first == "[" else { return }
        scalars.removeFirst()
        var parameters = ""
        while let scalar = scalars.popFirst() {
            guard scalar.properties.isAlphabetic else {
                parameters.unicodeScalars.append(scalar)
                continue
            }
            switch scalar {
            case "K": if column < rows[rows.count - 1].count { rows[rows.count - 1].removeSubrange(column...) }
            case "C": column += Int(parameters) ?? 1
            case "J": rows = [[]]
            default: break
            }
            return
        }
    }

    private mutating func put(_ character: Character) {
        let last = rows.count - 1
        while rows[last].count < column { rows[last].append(" ") }
        // The second column of a wide character belongs to it.
        let cells: [Character] =
            character.unicodeScalars.first.map { $0.value >= 0x1100 } == true
            ? [character, "\0"] : [character]
        for cell in cells {
            if column < rows[last].count { rows[last][column] = cell } else { rows[last].append(cell) }
            column += 1
        }
    }
}
