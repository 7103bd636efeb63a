// SPDX-License-Identifier: Apache-2.0
import Wire

/// A framer with a stream that it reads, and what it makes of it. All limits are 8 bytes, if there is one.
struct FramerCase: Sendable, CustomStringConvertible {
    var name: String
    var framer: any ByteFramer
    var stream: [UInt8]
    var frames: [[UInt8]]
    var error: FramingError.Reason?

    var description: String { name }

    init(
        _ name: String, _ framer: any ByteFramer, _ stream: String, _ frames: [String],
        _ error: FramingError.Reason? = nil
    ) {
        (self.name, self.framer, self.error) = (name, framer, error)
        self.stream = Array(stream.unicodeScalars.map { UInt8($0.value) })
        self.frames = frames.map { $0.unicodeScalars.map { UInt8($0.value) } }
    }

    static let all = lines + delimited + lengths + netstrings + fixed

    private static let line = LineFramer(limit: 8)

    static let lines = [
        FramerCase("lines of either end", line, "a\nbc\r\n\n\r\nlast\n", ["a", "bc", "", "", "last"]),
        FramerCase("a last line without end", line, "a\r\nrest", ["a", "rest"]),
        FramerCase("a last line that ends in CR", line, "a\nrest\r", ["a", "rest\r"]),
        FramerCase("CRs within lines", line, "\ra\r\r\n\r\r\n", ["\ra\r", "\r"]),
        FramerCase(
            "lines of exactly the limit", line, "12345678\n12345678\r\n12345678", Array(repeating: "12345678", count: 3)
        ),
        FramerCase("a line over by one", line, "a\n123456789\nb\n", ["a"], .tooLong(limit: 8)),
        FramerCase("a CRLF line over by one", line, "a\n123456789\r\nb\n", ["a"], .tooLong(limit: 8)),
        FramerCase("a line over by a CR that ends nothing", line, "12345678\rx\n", [], .tooLong(limit: 8)),
        FramerCase("a last line over by a CR", line, "12345678\r", [], .tooLong(limit: 8)),
        FramerCase("a line over by two CRs", line, "12345678\r\r\n", [], .tooLong(limit: 8)),
        FramerCase(
            "a line without end over the limit", line, String(repeating: "x", count: 40), [], .tooLong(limit: 8)),
        FramerCase("empty lines where nothing else may be", LineFramer(limit: 0), "\n\r\n\n", ["", "", ""]),
        FramerCase("any line where none may be", LineFramer(limit: 0), "\nx\n", [""], .tooLong(limit: 0)),
        FramerCase("lines without a limit", LineFramer(limit: .max), "a\nbc\r\n", ["a", "bc"]),
        FramerCase("no line at all", line, "", []),
    ]

    private static let strict = DelimiterFramer(Array("\r\n".utf8), limit: 8)
    private static let overlapping = DelimiterFramer(Array("aabaaa".utf8), limit: 8)

    static let delimited = [
        FramerCase("CR LF and nothing else", strict, "a\nb\r\n\r\r\n\r\n", ["a\nb", "\r", ""]),
        FramerCase("frames of exactly the limit", strict, "12345678\r\n1234567\r\r\n", ["12345678", "1234567\r"]),
        FramerCase("a frame over by one", strict, "a\r\n123456789\r\n", ["a"], .tooLong(limit: 8)),
        FramerCase("a frame over by half a delimiter", strict, "12345678\r\r\n", [], .tooLong(limit: 8)),
        FramerCase("half a delimiter at the end", strict, "a\r\nb\r", ["a"], .truncated(have: 2, of: nil)),
        FramerCase("a frame without delimiter", strict, "a\r\nb", ["a"], .truncated(have: 1, of: nil)),
        FramerCase(
            "a delimiter that begins within itself", overlapping, "aabaabaaax", ["aab"], .truncated(have: 1, of: nil)),
        FramerCase("many beginnings of a delimiter", overlapping, "aaaaaaabaaaaabaaa", ["aaaaa", ""]),
        FramerCase(
            "only the delimiter's first byte", overlapping, String(repeating: "a", count: 99), [], .tooLong(limit: 8)),
        FramerCase("frames that end in NUL", DelimiterFramer([0], limit: .max), "a\u{0}\u{0}b\u{0}", ["a", "", "b"]),
    ]

    private static func length(
        _ width: LengthFramer.Width, _ order: ByteOrder = .bigEndian, countsItself: Bool = false
    ) -> LengthFramer { LengthFramer(width, order, countsItself: countsItself, limit: 8) }

    static let lengths = [
        FramerCase("8 bits", length(.bits8), "\u{1}a\u{0}\u{8}12345678", ["a", "", "12345678"]),
        FramerCase("16 bits", length(.bits16), "\u{0}\u{1}a\u{0}\u{0}", ["a", ""]),
        FramerCase("16 bits, little end first", length(.bits16, .littleEndian), "\u{2}\u{0}ab\u{0}\u{0}", ["ab", ""]),
        FramerCase(
            "32 bits that count themselves", length(.bits32, countsItself: true),
            "\u{0}\u{0}\u{0}\u{5}a\u{0}\u{0}\u{0}\u{4}", ["a", ""]),
        FramerCase(
            "64 bits, little end first, that count themselves", length(.bits64, .littleEndian, countsItself: true),
            "\u{A}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}ab", ["ab"]),
        FramerCase("8 bits, over by one", length(.bits8), "\u{1}a\u{9}", ["a"], .tooLong(limit: 8)),
        FramerCase(
            "16 bits that count themselves, over by one", length(.bits16, countsItself: true),
            "\u{0}\u{B}", [], .tooLong(limit: 8)),
        FramerCase(
            "64 bits, all of them", LengthFramer(.bits64, limit: .max),
            String(repeating: "\u{FF}", count: 8), [], .tooLong(limit: .max)),
        FramerCase(
            "64 bits, the largest Int", LengthFramer(.bits64, limit: .max),
            "\u{7F}" + String(repeating: "\u{FF}", count: 7), [], .tooLong(limit: .max)),
        FramerCase(
            "64 bits, as large as can be", LengthFramer(.bits64, limit: .max),
            "\u{7F}" + String(repeating: "\u{FF}", count: 6) + "\u{F7}", [], .truncated(have: 8, of: .max)),
        FramerCase(
            "64 bits that count themselves, all of them", LengthFramer(.bits64, countsItself: true, limit: .max),
            String(repeating: "\u{FF}", count: 8), [], .tooLong(limit: .max)),
        FramerCase(
            "a length below itself", length(.bits32, countsItself: true), "\u{0}\u{0}\u{0}\u{3}", [],
            .malformed("a length of 3, which counts its own 4 bytes")),
        FramerCase("half a length", length(.bits32), "\u{0}\u{0}", [], .truncated(have: 2, of: 4)),
        FramerCase("half a frame", length(.bits8), "\u{3}ab", [], .truncated(have: 3, of: 4)),
    ]

    private static let netstring = NetstringFramer(limit: 8)

    static let netstrings = [
        FramerCase("netstrings", netstring, "5:hello,0:,8:,,::,,,,,1:,,", ["hello", "", ",,::,,,,", ","]),
        FramerCase("a netstring over by one", netstring, "1:a,9:", ["a"], .tooLong(limit: 8)),
        FramerCase(
            "a netstring with more digits than there are numbers", NetstringFramer(limit: .max),
            String(repeating: "9", count: 60), [], .tooLong(limit: .max)),
        FramerCase("a leading zero", netstring, "01:a,", [], .malformed("a length can't begin with \"01\"")),
        FramerCase("two zeros", netstring, "00:,", [], .malformed("a length can't begin with \"00\"")),
        FramerCase("no length", netstring, ":,", [], .malformed("a length can't begin with \":\"")),
        FramerCase("a sign", netstring, "-1:,", [], .malformed("a length can't begin with \"-\"")),
        FramerCase("a blank", netstring, "1 :a,", [], .malformed("a length can't begin with \"1 \"")),
        FramerCase(
            "a control in the length", netstring, "2\u{1B}", [], .malformed(#"a length can't begin with "2\x1b""#)),
        FramerCase("no comma", netstring, "2:abc,", [], .malformed("\"c\" in place of the comma after 2 bytes")),
        FramerCase("half a length in digits", netstring, "1:a,5", ["a"], .truncated(have: 1, of: nil)),
        FramerCase("a netstring without its comma", netstring, "5:hello", [], .truncated(have: 7, of: 8)),
    ]

    static let fixed = [
        FramerCase("fixed frames", FixedFramer(byteCount: 3), "abcdef", ["abc", "def"]),
        FramerCase("half a fixed frame", FixedFramer(byteCount: 3), "abcde", ["abc"], .truncated(have: 2, of: 3)),
    ]
}
