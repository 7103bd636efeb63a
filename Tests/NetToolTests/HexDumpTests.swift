// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NetTool

struct HexDumpTests {
    @Test func `sixteen bytes are a line, and the rest one as long`() {
        var dump = HexDump(mark: ">")
        let bytes = Array("0123456789abcde\u{7F}\u{1B} ~\n".utf8)
        #expect(
            dump.lines(of: bytes) == """
                > 00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 7f  |0123456789abcde.|
                > 00000010  1b 20 7e 0a                                      |. ~.|

                """)
    }

    @Test func `a dump goes on where it was`() {
        var dump = HexDump(mark: "<")
        #expect(dump.lines(of: [0xFF]) == "< 00000000  ff" + String(repeating: " ", count: 47) + "|.|\n")
        #expect(dump.lines(of: []) == "")
        for _ in 0..<0xFF { _ = dump.lines(of: [0]) }
        #expect(dump.lines(of: [0x41]).hasPrefix("< 00000100  41  "))
    }
}
