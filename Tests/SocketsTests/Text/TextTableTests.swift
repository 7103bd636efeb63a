// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// Whole tables against Python's codecs: each single byte and each pair of bytes, each scalar of the basic plane.
/// Where the C library and Python differ, the difference has a name here; any other is a failure.
@Suite(.blocking) struct TextTableTests {
    /// A set of byte sequences, or of scalars, about which the C library and Python disagree.
    struct Difference: Sendable {
        let reason: String
        let values: [ClosedRange<UInt32>]

        init(_ reason: String, _ values: ClosedRange<UInt32>...) {
            self.reason = reason
            self.values = values
        }
    }

    struct Table: Sendable, CustomTestStringConvertible {
        let encoding: TextEncoding
        let codec: String
        /// How many entries must be the same at least, so that a comparison of nothing does not pass.
        let agreed: Int
        let differences: [Difference]

        var testDescription: String { codec }
    }

    /// A pair of bytes whose first one stands for a control of its own in the C library, and for nothing in Python.
    static let control80 = Difference("byte 80 is U+0080 in the C library", 0x80...0x80, 0x8000...0x80FF)

    /// Every table under `make soak`, those of the seeds' peers (GBK, Big5) in each run.
    static var compared: [Table] {
        ProcessInfo.processInfo.environment["NETWRIGHT_SOAK"] == nil
            ? tables.filter { $0.encoding == .gbk || $0.encoding == .big5 } : tables
    }

    static let tables = [
        Table(encoding: .gbk, codec: "gbk", agreed: 21_900, differences: [control80]),
        Table(encoding: .gb2312, codec: "gb2312", agreed: 7_500, differences: []),
        Table(
            encoding: .gb18030, codec: "gb18030", agreed: 24_000,
            differences: [
                Difference(
                    "characters that GB 18030-2005 and Unicode 4.1 gave a code of their own; Python keeps private use",
                    0xA6D9...0xA6DF, 0xA6EC...0xA6ED, 0xA6F3...0xA6F3, 0xA8BC...0xA8BC, 0xFE51...0xFE53,
                    0xFE59...0xFE59, 0xFE61...0xFE61, 0xFE66...0xFE67, 0xFE6C...0xFE6D, 0xFE76...0xFE76,
                    0xFE7E...0xFE7E, 0xFE90...0xFE91, 0xFEA0...0xFEA0)
            ]),
        Table(
            encoding: .big5, codec: "big5", agreed: 13_500,
            differences: [
                control80,
                Difference(
                    "punctuation for which Unicode has two candidates", 0xA145...0xA145, 0xA14E...0xA14E,
                    0xA1C2...0xA1C2, 0xA1E3...0xA1E3, 0xA1F2...0xA1F3, 0xA241...0xA242, 0xA244...0xA244,
                    0xA246...0xA247),
                Difference("the euro sign, an extension", 0xA3E1...0xA3E1),
                Difference("ETEN's kana, Cyrillic and symbols, which Python reads otherwise or not", 0xC6A1...0xC8FE),
                Difference("ETEN's seven ideographs and box drawing, which Python lacks", 0xF9D6...0xF9FE),
            ]),
        Table(encoding: .windows949, codec: "cp949", agreed: 17_100, differences: []),
        Table(
            encoding: .shiftJIS, codec: "shift_jis", agreed: 18_900,
            differences: [
                Difference("5C and 7E are the yen sign and the overline of JIS X 0201", 0x5C...0x5C, 0x7E...0x7E),
                Difference(
                    "wide cent, pound, not signs, which the C library also writes", 0x8191...0x8192, 0x81CA...0x81CA),
            ]),
        Table(
            encoding: .eucKR, codec: "euc_kr", agreed: 8_300,
            differences: [
                Difference("bytes 80 to 9F are controls in the C library", 0x80...0x9F, 0x8000...0x9FFF),
                Difference("the won sign, narrow and wide", 0xA3DC...0xA3DC),
                Difference("the postal mark that Korea added in 2002", 0xA2E8...0xA2E8),
                Difference("Hangul in eight bytes, behind a filler, which the C library lacks", 0xA4D4...0xA4D4),
            ]),
    ]

    @Test("A-066: each byte and pair of bytes reads as in Python", arguments: compared)
    func decodes(table: Table) throws {
        var agreed = 0
        for (high, theirs) in try Self.ask("decode \(table.codec)", columns: 257).enumerated() {
            let row = [[UInt8(high)]] + (0...255).map { [UInt8(high), $0] }
            // One text a row, a line each entry: a wrong byte never takes the end of its line with it.
            let text = try Array(row.joined(separator: [0x0A])).decoded(as: table.encoding, errors: .replacing)
            let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Self.entry)
            // The entries that hold the separator itself are told apart by hand.
            let hasOwnLineFeed = high == 0x0A
            if hasOwnLineFeed { continue }
            let ours = lines[..<11] + ["\(lines[11])+A".replacing("-+A", with: "-")] + lines[13...]
            try #require(ours.count == row.count)
            for ((bytes, ours), python) in zip(zip(row, ours), theirs) {
                if ours == python {
                    agreed += ours == "-" ? 0 : 1
                } else if !Self.isKnown(bytes, in: table) {
                    Issue.record("\(bytes) is \(ours), in Python \(python)")
                }
            }
        }
        #expect(agreed >= table.agreed)
    }

    @Test("A-064: each character of the basic plane is written as in Python", arguments: compared)
    func encodes(table: Table) throws {
        var agreed = 0
        for (high, theirs) in try Self.ask("encode \(table.codec)", columns: 256).enumerated() {
            let scalars = (0...255).map { Unicode.Scalar(UInt32(high << 8 | $0)) ?? "\u{FFFF}" }
            let text = scalars.map { String($0 == "\n" ? " " : $0) }.joined(separator: "\n")
            let lines = try text.encoded(as: table.encoding, errors: .replacing)
                .split(separator: 0x0A, omittingEmptySubsequences: false)
            try #require(lines.count == scalars.count)
            for ((scalar, line), python) in zip(zip(scalars, lines), theirs)
            where scalar != "\n" && scalar != "\u{FFFF}" {
                let ours = line.elementsEqual([0x3F]) && scalar != "?" ? [] : Array(line)
                let theirs = Self.bytes(python)
                if ours == theirs {
                    agreed += ours.isEmpty ? 0 : 1
                } else if !Self.isKnown(ours, in: table) && !Self.isKnown(theirs, in: table) {
                    Issue.record("U+\(String(scalar.value, radix: 16)) is \(ours), in Python \(theirs)")
                }
            }
        }
        #expect(agreed >= table.agreed * 9 / 10 || agreed >= 6_800)
    }

    /// A line of text as the oracle writes it.
    static func entry(_ line: String.UnicodeScalarView.SubSequence) -> String {
        if line.contains("\u{FFFD}") { return "-" }
        return line.map { String($0.value, radix: 16, uppercase: true) }.joined(separator: "+")
    }

    /// A difference in one byte is one too where another byte stands beside it that is a character by itself.
    static func isKnown(_ bytes: [UInt8], in table: Table) -> Bool {
        let first = bytes.prefix(2).reduce(0) { $0 << 8 | UInt32($1) }
        return table.differences.contains { difference in
            difference.values.contains { range in range.contains(first) || bytes.contains { range.contains(UInt32($0)) }
            }
        }
    }

    static func bytes(_ hexadecimal: String) -> [UInt8] {
        if hexadecimal == "-" { return [] }
        let digits = Array(hexadecimal)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
    }

    static func ask(_ question: String, columns: Int) throws -> [[String]] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Oracles/text_tables.py")
        let rows = try Python.run(script: script.standardized, input: question + "\n")
            .utf8.split(separator: 0x0A).map { $0.split(separator: 0x20).map { String($0) ?? "" } }
        try #require(rows.count == 256 && rows.allSatisfy { $0.count == columns })
        return rows
    }
}
