// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Sockets

/// Bytes that are no text: A-066 (an error or a replacement, by choice), A-067 (they end nothing).
@Suite(.blocking) struct UndecodableTextTests {
    /// Encoding, bytes, the bytes that are at fault and where, what stands there when they are replaced.
    static let wrong: [(TextEncoding, [UInt8], [UInt8], Int, String)] = [
        (.gbk, [0xC4, 0xE3, 0xFF, 0x41], [0xFF], 2, "你\u{FFFD}A"),
        (.gbk, [0x41, 0x81, 0x20, 0x42], [0x81, 0x20], 1, "A\u{FFFD} B"),
        (.big5, [0xA4, 0x0A, 0x41], [0xA4, 0x0A], 0, "\u{FFFD}\nA"),
        (.shiftJIS, [0x93, 0x22], [0x93, 0x22], 0, "\u{FFFD}\""),
        (.ascii, [0x41, 0x80, 0x42], [0x80], 1, "A\u{FFFD}B"),
        (.utf8, [0x41, 0xC0, 0x80], [0xC0], 1, "A\u{FFFD}\u{FFFD}"),
        (.utf8, [0xE4, 0xBD, 0x41], [0xE4, 0xBD, 0x41], 0, "\u{FFFD}A"),
        (.utf8, [0xED, 0xA0, 0x80], [0xED, 0xA0], 0, "\u{FFFD}\u{FFFD}\u{FFFD}"),
        (.utf8, [0xF4, 0x90, 0x80, 0x80], [0xF4, 0x90], 0, "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        (.gb18030, [0x81, 0x30, 0x0A, 0x41], [0x81, 0x30, 0x0A, 0x41], 0, "\u{FFFD}0\nA"),
        // GNU iconv reports these two after it has gone past them.
        (.windows949, [0x41, 0xA2, 0xE8, 0x42], [0xA2, 0xE8], 1, "A\u{FFFD}B"),
        (.windows949, [0x41, 0xA2, 0xE8], [0xA2, 0xE8], 1, "A\u{FFFD}"),
        (.windows949, [0xA2, 0xE8, 0xC7, 0xD1], [0xA2, 0xE8], 0, "\u{FFFD}한"),
        (.windows949, [0xA2, 0xE8, 0xB9], [0xA2, 0xE8], 0, "\u{FFFD}\u{FFFD}"),
        (.windows949, [0xA2, 0xE8, 0xB1, 0x0D], [0xA2, 0xE8], 0, "\u{FFFD}\u{FFFD}\r"),
        (.windows949, [0xC7, 0xED, 0xB1, 0x0D], [0xB1, 0x0D], 2, "헥\u{FFFD}\r"),
        (.windows1252, [0x41, 0x81], [0x81], 1, "A\u{FFFD}"),
    ]

    @Test(arguments: wrong)
    func `strict: the bytes at fault and their place are told, wherever the pieces end`(
        encoding: TextEncoding, bytes: [UInt8], culprit: [UInt8], offset: Int, _: String
    ) throws {
        for cut in 0...bytes.count {
            var decoder = try TextDecoder(encoding)
            var text = ""
            do {
                try decoder.decode(bytes[..<cut], into: &text)
                try decoder.decode(bytes[cut...], into: &text)
                _ = try decoder.finish()
                Issue.record("\(bytes) was taken for text")
            } catch {
                #expect(error.reason == .invalidBytes(culprit, offset: offset), "cut at \(cut)")
                #expect(Array(text.utf8) == Array(try bytes[..<offset].decoded(as: encoding).utf8))
            }
        }
    }

    @Test(arguments: wrong)
    func `replacing: U+FFFD stands there and no good byte is lost, wherever the pieces end`(
        encoding: TextEncoding, bytes: [UInt8], _: [UInt8], _: Int, replaced: String
    ) throws {
        for cut in 0...bytes.count {
            var decoder = try TextDecoder(encoding, errors: .replacing)
            let parts = try [decoder.decode(bytes[..<cut]), decoder.decode(bytes[cut...]), decoder.finish()]
            #expect(parts.joined() == replaced, "cut at \(cut)")
        }
    }

    @Test func `an escape that begins no sequence is a character, wherever the pieces end`() throws {
        let bytes: [UInt8] = [0x41, 0x1B, 0xFF, 0x28, 0x42]
        for cut in 0...bytes.count {
            let pieces = [bytes[..<cut], bytes[cut...]]
            var strict = try TextDecoder(.iso2022JP)
            var text = ""
            let error = #expect(throws: TextError.self) {
                for piece in pieces { try strict.decode(piece, into: &text) }
            }
            #expect(error?.reason == .invalidBytes([0xFF], offset: 2), "cut at \(cut)")
            #expect(text == "A\u{1B}")
            var replacing = try TextDecoder(.iso2022JP, errors: .replacing)
            let parts = try pieces.map { try replacing.decode($0) } + [replacing.finish()]
            #expect(parts.joined() == "A\u{1B}\u{FFFD}(B", "cut at \(cut)")
        }
    }

    @Test func `a text that ends within a character says so`() throws {
        let error = #expect(throws: TextError.self) { try [0x41, 0xC4].decoded(as: .gbk) }
        #expect(error?.reason == .incompleteBytes([0xC4], offset: 1))
        #expect(error?.description == "decode GBK: ends within a character: C4 at offset 1")
        #expect(try [0x41, 0xC4].decoded(as: .gbk, errors: .replacing) == "A\u{FFFD}")
        #expect(try [0x41, 0xE4, 0xBD].decoded(as: .utf8, errors: .replacing) == "A\u{FFFD}")
    }

    @Test func `after an error the decoder stays there`() throws {
        var decoder = try TextDecoder(.gbk)
        #expect(throws: TextError.self) { try decoder.decode([0xFF]) }
        let again = #expect(throws: TextError.self) { try decoder.decode([0x41]) }
        #expect(again?.reason == .invalidBytes([0xFF], offset: 0))
        #expect(throws: TextError.self) { try decoder.finish() }
    }

    @Test func `a decoder that has ended counts anew`() throws {
        var decoder = try TextDecoder(.ascii)
        #expect(try decoder.decode([0x41, 0x42]) + decoder.finish() == "AB")
        let error = #expect(throws: TextError.self) { try decoder.decode([0x43, 0xFF]) }
        #expect(error?.description == "decode US-ASCII: invalid bytes FF at offset 1")
    }

    @Test func `UTF-8 is repaired as Swift itself repairs it`() throws {
        var random = SeededGenerator(seed: 7)
        let pool: [UInt8] = [
            0x41, 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xEF, 0xF0, 0x90, 0xF4, 0x8F, 0xF5, 0xFF,
        ]
        for _ in 0..<repetitions(3000, soak: 200_000) {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in pool.randomElement(using: &random) ?? 0
            }
            let text = try bytes.decoded(as: .utf8, errors: .replacing)
            #expect(text == String(decoding: bytes, as: UTF8.self), "\(bytes)")
        }
    }

    @Test(arguments: [
        "UTF-8", "UTF-16", "UTF-16BE", "UTF-32", "UTF-7", "UCS-2", "GBK", "GB18030", "BIG5", "BIG5-HKSCS", "SHIFT_JIS",
        "CP932", "EUC-JP", "EUC-KR", "UHC", "JOHAB", "EUC-TW", "ISO-2022-JP", "ISO-2022-JP-3", "ISO-2022-KR",
        "ISO-2022-CN-EXT", "SHIFT_JISX0213", "TSCII", "TCVN5712-1", "CP1255", "CP1258", "IBM1364", "IBM930", "T.61",
        "ANSI_X3.110", "UNICODE", "CP1252", "KOI8-R", "US-ASCII",
    ])
    func `random bytes end nothing, in any pieces`(name: String) throws {  // A-067
        var random = SeededGenerator(seed: 42)
        let encoding = try TextEncoding(name)
        for _ in 0..<repetitions(30, soak: 1000) {
            let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let whole = try bytes.decoded(as: encoding, errors: .replacing)
            var decoder = try TextDecoder(encoding, errors: .replacing)
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let parts = try [decoder.decode(bytes[..<cut]), decoder.decode(bytes[cut...]), decoder.finish()]
            // The C library's readers of these change their shift state when they refuse something, so that it is read
            // in another way where it has to be looked at again.
            if ["ISO-2022-CN-EXT", "UTF-7"].contains(name) { continue }
            #expect(Array(parts.joined().unicodeScalars) == Array(whole.unicodeScalars))
            _ = try? bytes.decoded(as: encoding)
        }
    }

    @Test func `many wrong bytes take no longer a byte than a few`() throws {
        let clock = ContinuousClock()
        let short = [UInt8](repeating: 0xFF, count: 1 << 9)
        let long = [UInt8](repeating: 0xFF, count: 1 << 15)
        func time(_ bytes: [UInt8]) throws -> Duration {
            try (0..<3).map { _ in try clock.measure { _ = try bytes.decoded(as: .gbk, errors: .replacing) } }.min()
                ?? .zero
        }
        let ratio = try time(long) / time(short)
        #expect(ratio < 64 * 8, "64 times the bytes took \(ratio) times as long")
    }
}

/// Characters that an encoding lacks.
@Suite(.blocking) struct UnencodableTextTests {
    @Test func `a character that the encoding lacks is told with its place`() throws {
        let error = #expect(throws: TextError.self) { try "né€😀".encoded(as: .latin1) }
        #expect(error?.reason == .notEncodable("€", offset: 3))
        #expect(error?.description == "encode ISO-8859-1: no character U+20AC (offset 3)")
    }

    @Test func `or becomes a question mark, in the encoding's own way`() throws {
        #expect(try "né€😀!".encoded(as: .latin1, errors: .replacing) == [0x6E, 0xE9, 0x3F, 0x3F, 0x21])
        #expect(
            try "日😀".encoded(as: .iso2022JP, errors: .replacing)
                == [0x1B, 0x24, 0x42, 0x46, 0x7C, 0x1B, 0x28, 0x42, 0x3F])
        #expect(try "a😀".encoded(as: TextEncoding("IBM037"), errors: .replacing) == [0x81, 0x6F])
    }

    @Test func `the offset counts over pieces, and what stood before is kept`() throws {
        var encoder = try TextEncoder(.latin1)
        var bytes = try encoder.encode("né")
        let error = #expect(throws: TextError.self) { try encoder.encode("a€b", into: &bytes) }
        #expect(error?.reason == .notEncodable("€", offset: 4))
        #expect(bytes == [0x6E, 0xE9, 0x61])
        #expect(throws: TextError.self) { try encoder.encode("x") }
        #expect(throws: TextError.self) { try encoder.finish() }
    }

    @Test func `tag characters, which iconv drops without a word, are told too`() throws {
        let tagged = "a\u{E0041}b\u{E007F}"
        let error = #expect(throws: TextError.self) { try tagged.encoded(as: .gbk) }
        #expect(error?.reason == .notEncodable("\u{E0041}", offset: 1))
        #expect(try tagged.encoded(as: .latin1, errors: .replacing) == Array("a?b?".utf8))
        #expect(try tagged.encoded(as: .gb18030).decoded(as: .gb18030) == tagged)
        #expect(try tagged.encoded(as: .utf16LE).decoded(as: .utf16LE) == tagged)
        #expect(try "\u{F3000}".encoded(as: .gb18030).decoded(as: .gb18030) == "\u{F3000}")
    }
}
