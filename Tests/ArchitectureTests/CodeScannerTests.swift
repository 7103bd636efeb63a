// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.blocking) struct CodeScannerTests {
    @Test(arguments: [
        ("a // b", "a     "),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("a /* b\n*/ c", "a     \n   c"),
        (#"f("x // y") // z"#, #"f("      ")     "#),
        (#"f("a\"b", c)"#, #"f("    ", c)"#),
        (#"f("a\(g("h", i))b", c)"#, #"f("  (g(" ", i)) ", c)"#),
        (##"f(#"a"b\(c)\#(d)"#)"##, ##"f(#"         (d)"#)"##),
        ("f(\"\"\"\n  \"q\" // r\n  \"\"\") // s", "f(\"\"\"\n          \n  \"\"\")     "),
        ("func `a \"b\" // c`() { d }", "func `          `() { d }"),
        ("x.contains(#/\"[a]//#) + y", "x.contains(#/     /#) + y"),
        ("#if os(Linux) // here", "#if os(Linux)        "),
        ("let open = \"no end\nlet next = 1", "let open = \"      \nlet next = 1"),
    ])
    func `comments, strings and quoted names are blanked, code stays`(text: String, code: String) {
        #expect(CodeScanner.code(of: text) == code)
    }

    @Test func `the scanner keeps every line of this repository in its place`() {
        for file in Repository.files {
            #expect(file.lines.count == file.code.count, "\(file.path)")
        }
    }
}
