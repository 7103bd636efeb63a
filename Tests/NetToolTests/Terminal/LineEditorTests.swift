// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import NetTool

/// the line that somebody types.
@Suite(.blocking) struct LineEditorTests {
    /// What is typed, with `|` where the cursor is, after these bytes.
    private func typed(_ keys: String, into editor: inout LineEditor) -> String {
        var decoder = KeyDecoder()
        for key in decoder.keys(keys.utf8) { _ = editor.handle(key) }
        return shown(editor)
    }

    private func typed(_ keys: String) -> String {
        var editor = LineEditor()
        return typed(keys, into: &editor)
    }

    private func shown(_ editor: LineEditor) -> String {
        String(editor.characters[..<editor.cursor]) + "|" + String(editor.characters[editor.cursor...])
    }

    @Test(arguments: [
        ("abc", "abc|"), ("abc\u{1B}[D\u{1B}[DX", "aX|bc"), ("abc\u{1B}OD\u{1B}OCX", "abcX|"), ("abc\u{1}X", "X|abc"),
        ("abc\u{1B}[HX\u{1B}[FY", "XabcY|"), ("abc\u{1B}[1~X\u{1B}[4~Y", "XabcY|"), ("abc\u{1}\u{5}X", "abcX|"),
        ("abc\u{2}\u{2}\u{6}X", "abX|c"), ("abc\u{7F}", "ab|"), ("abc\u{8}\u{8}", "a|"), ("abc\u{1}\u{1B}[3~", "|bc"),
        ("abc\u{1}\u{4}", "|bc"), ("one two\u{17}", "one |"), ("one two  \u{17}", "one |"), ("one\u{17}", "|"),
        ("one two\u{15}X", "X|"), ("one two\u{1}\u{B}X", "X|"), ("one two\u{1B}b\u{B}", "one |"),
        ("one two\u{1B}b\u{15}\u{5}\u{19}", "twoone |"), ("one two\u{1}\u{1B}d", "| two"),
        ("one two\u{1}\u{1B}f!", "one!| two"), ("one two\u{1B}[1;5D!", "one !|two"), ("ab\u{14}", "ba|"),
        ("abc\u{1}\u{6}\u{14}", "ba|c"), ("\u{7F}\u{4}\u{17}\u{1B}[C", "|"), ("a\tb", "a\tb|"),
        ("a\u{1B}[99;99Xb", "ab|"), ("a\u{1B}qb", "ab|"),
    ])
    func `each key does what it does in a shell`(keys: String, expected: String) {
        #expect(typed(keys) == expected)
    }

    @Test func `what is not ASCII is edited by the character`() {
        #expect(typed("你好\u{1B}[D们") == "你们|好")
        #expect(typed("e\u{301}x\u{1B}[D\u{7F}") == "|x")
        #expect(typed("👨‍👩‍👧!\u{7F}\u{7F}") == "|")
        #expect(typed("é\u{7F}") == "|")
    }

    @Test func `bytes that are no UTF-8 are one mark each, wherever they are cut`() {
        let bytes: [UInt8] = [0x61, 0xE4, 0xBD, 0x61, 0xFF, 0xE4, 0xBD, 0xA0, 0xC4]
        for cut in 0...bytes.count {
            var decoder = KeyDecoder()
            let keys = decoder.keys(bytes[..<cut]) + decoder.keys(bytes[cut...])
            #expect(keys == ["a", "\u{FFFD}", "a", "\u{FFFD}", "你"].map { Key.scalar($0) })
        }
    }

    @Test func `up and down walk through the lines, and come back to what was typed`() {
        var editor = LineEditor()
        #expect(typed("one\rtwo\rtwo\r\rthr", into: &editor) == "thr|")
        #expect(typed("\u{1B}[A", into: &editor) == "two|")
        #expect(typed("\u{10}", into: &editor) == "one|")
        #expect(typed("\u{1B}[A", into: &editor) == "one|")
        #expect(typed("\u{E}\u{1B}[B", into: &editor) == "thr|")
        #expect(typed("\u{1B}[B", into: &editor) == "thr|")
        #expect(typed("\u{10}!\r\u{10}", into: &editor) == "two!|")
    }

    @Test func `Enter is CR, LF or both, and ctrl-D on an empty line is the end`() {
        var decoder = KeyDecoder()
        #expect(decoder.keys("a\rb\nc\r\nd\n\r".utf8).count { $0 == .enter } == 5)
        var editor = LineEditor()
        #expect(editor.handle(.endOfInput) == .end)
        _ = editor.handle(.scalar("x"))
        #expect(editor.handle(.endOfInput) == .refused)
        #expect(editor.handle(.enter) == .line("x") && editor.characters.isEmpty)
    }

    @Test func `what is pasted stands for itself, but for its line ends`() {
        var decoder = KeyDecoder()
        var editor = LineEditor()
        var lines: [String] = []
        for key in decoder.keys("\u{1B}[200~one\tA\u{1}\ntwo\u{1B}[201~\u{1}>".utf8) {
            if case .line(let line) = editor.handle(key) { lines.append(line) }
        }
        #expect(lines == ["one\tA\u{1}"])
        #expect(shown(editor) == ">|two")
    }

    @Test func `a line has an end, and so has the history`() {
        var editor = LineEditor()
        for _ in 0..<LineEditor.lengthLimit { #expect(editor.handle(.scalar("x")) == .changed) }
        #expect(editor.handle(.scalar("x")) == .refused)
        for number in 0..<LineEditor.historyLimit + 5 { _ = typed("\(number)\r", into: &editor) }
        for _ in 0..<LineEditor.historyLimit { _ = editor.handle(.up) }
        #expect(editor.handle(.up) == .refused)
        #expect(String(editor.characters) == "5")
    }
}

@Suite(.blocking) struct LineViewTests {
    @Test func `a character takes the columns that Unicode says, as Python knows them`() throws {
        let script = """
            import sys, unicodedata
            for value in range(0x20, 0x30000):
                character = chr(value)
                category = unicodedata.category(character)
                if category in ("Cn", "Co", "Cs", "Cc"): continue
                print(value, 2 if unicodedata.east_asian_width(character) in "WF" else 1)
            """
        let rows = try Command.run([Python.executable, "-c", script]).split(separator: "\n")
        #expect(rows.count > 100_000)
        var wrong: [String] = []
        for row in rows {
            let numbers = row.split(separator: " ").compactMap { UInt32($0) }
            guard let scalar = Unicode.Scalar(numbers[0]) else { continue }
            let width = scalar.displayWidth
            // What is wide stays so with every version of Unicode; some that were narrow have become wide since.
            if width != 0, numbers[1] == 2, width != 2 { wrong.append(String(numbers[0], radix: 16)) }
            if width == 2, numbers[1] == 1, numbers[0] < 0x2000 { wrong.append(String(numbers[0], radix: 16)) }
        }
        #expect(wrong.isEmpty)
        #expect("e\u{301}".displayWidth == 1 && "你好".displayWidth == 4 && "👨‍👩‍👧".displayWidth == 2)
        #expect("\u{1}".displayWidth == 2 && "a\u{200B}".displayWidth == 1 && "❤\u{FE0F}".displayWidth == 2)
    }

    @Test func `the row never fills the terminal, and the cursor is always in it`() {
        let text = Array("abc你好def 漢字かな交じり文 0123456789")
        for columns in 1...60 {
            for cursor in 0...text.count {
                let row = LineView.row(prompt: ">>: ", text, cursor: cursor, columns: columns)
                let screen = Screen(row)
                #expect(screen.rows.count == 1)
                if columns > 8 { #expect(screen.rows[0].count < columns, "\(columns) \(cursor)") }
            }
        }
    }

    @Test func `a line that fits is shown as it is, a control by its name`() {
        #expect(LineView.row(prompt: ">>: ", Array("hi"), cursor: 1, columns: 80) == "\r>>: hi\u{1B}[K\r\u{1B}[5C")
        #expect(Screen(LineView.row(prompt: "", Array("a\u{1}b"), cursor: 0, columns: 80)).lines == ["a^Ab"])
    }
}
