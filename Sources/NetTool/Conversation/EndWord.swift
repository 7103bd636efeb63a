// SPDX-License-Identifier: Apache-2.0

/// Finds the line that is the end of what is sent, wherever it is cut, and keeps it back.
struct EndWord {
    private let word: [UInt8]
    /// The beginning of a line that may be the word.
    private var held: [UInt8] = []
    /// Within a line that is not.
    private var isElsewhere = false
    /// Whether the word has come.
    private(set) var isOver = false

    init(_ word: String) { self.word = Array(word.utf8) }

    /// What goes on of the bytes that come next; nil once the word has come as a line of its own. What stood in front
    /// of it in the same piece went on: `nil` comes with the next piece then.
    mutating func passed(_ bytes: [UInt8]) -> [UInt8]? {
        if isOver { return nil }
        var passed: [UInt8] = []
        for byte in bytes {
            if isElsewhere {
                passed.append(byte)
                isElsewhere = byte != 0x0A
                continue
            }
            held.append(byte)
            if byte == 0x0A, held.dropLast() == word[...] || held.dropLast() == (word + [0x0D])[...] {
                isOver = true
                return passed.isEmpty ? nil : passed
            }
            if (word + [0x0D]).starts(with: held) { continue }
            passed += held
            held = []
            isElsewhere = byte != 0x0A
        }
        return passed
    }
}
