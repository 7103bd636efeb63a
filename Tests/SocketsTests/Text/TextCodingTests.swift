// SPDX-License-Identifier: Apache-2.0
import SystemPackage
import TestSupport
import Testing

@testable import Sockets

/// Known texts, one for each named encoding: what stands in the standards' tables.
private let samples: [(TextEncoding, String, [UInt8])] = [
    (.utf8, "né€😀", [0x6E, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80]),
    (.utf16LE, "a你😀", [0x61, 0, 0x60, 0x4F, 0x3D, 0xD8, 0x00, 0xDE]),
    (.utf16BE, "a你😀", [0, 0x61, 0x4F, 0x60, 0xD8, 0x3D, 0xDE, 0x00]),
    (.utf32LE, "😀", [0x00, 0xF6, 0x01, 0x00]),
    (.utf32BE, "😀", [0x00, 0x01, 0xF6, 0x00]),
    (.ascii, "hi", [0x68, 0x69]),
    (.gb2312, "你好", [0xC4, 0xE3, 0xBA, 0xC3]),
    (.gbk, "你好", [0xC4, 0xE3, 0xBA, 0xC3]),
    (.gbk, "a朶b", [0x61, 0x96, 0x5C, 0x62]),
    (.gb18030, "你😀", [0xC4, 0xE3, 0x94, 0x39, 0xFC, 0x36]),
    (.big5, "你好", [0xA7, 0x41, 0xA6, 0x6E]),
    (.big5HKSCS, "你", [0xA7, 0x41]),
    (.shiftJIS, "日本語ｱ", [0x93, 0xFA, 0x96, 0x7B, 0x8C, 0xEA, 0xB1]),
    (.windows31J, "①", [0x87, 0x40]),
    (.eucJP, "日本", [0xC6, 0xFC, 0xCB, 0xDC]),
    (.iso2022JP, "a日b", [0x61, 0x1B, 0x24, 0x42, 0x46, 0x7C, 0x1B, 0x28, 0x42, 0x62]),
    (.eucKR, "한글", [0xC7, 0xD1, 0xB1, 0xDB]),
    (.windows949, "한", [0xC7, 0xD1]),
    (.latin1, "né\u{FF}", [0x6E, 0xE9, 0xFF]),
    (.latin9, "€", [0xA4]),
    (.windows1250, "ž", [0x9E]),
    (.windows1251, "Жя", [0xC6, 0xFF]),
    (.windows1252, "€“", [0x80, 0x93]),
    (.koi8R, "Жя", [0xF6, 0xD1]),
]

@Suite(.blocking) struct TextCodingTests {
    @Test(arguments: samples)  // A-066
    func `a known text is read and written`(encoding: TextEncoding, text: String, bytes: [UInt8]) throws {
        #expect(try bytes.decoded(as: encoding) == text)
        #expect(try text.encoded(as: encoding) == bytes)
        #expect(try bytes.decoded(as: encoding, errors: .replacing) == text)
    }

    @Test(arguments: samples)
    func `a text cut at any point, or into single bytes, reads the same`(
        encoding: TextEncoding, text: String, bytes: [UInt8]
    ) throws {
        for cut in 0...bytes.count {
            var decoder = try TextDecoder(encoding)
            let parts = try [decoder.decode(bytes[..<cut]), decoder.decode(bytes[cut...]), decoder.finish()]
            #expect(parts.joined() == text, "cut at \(cut)")
        }
        var decoder = try TextDecoder(encoding)
        var whole = ""
        for byte in bytes { try decoder.decode(CollectionOfOne(byte), into: &whole) }
        whole += try decoder.finish()
        #expect(whole == text)
    }

    @Test func `both of Python's spellings read the same`() throws {  // A-065
        let data = Array("déjà vu, 你好".utf8)
        #expect(try data.decoded(as: .utf8) == "déjà vu, 你好")
        #expect(try String(decoding: data, as: .utf8) == "déjà vu, 你好")
        #expect(try String(decoding: data, as: TextEncoding("utf-8")) == data.decoded(as: .utf8))
        #expect(throws: TextError.self) { try String(decoding: [0xFF] as [UInt8], as: .utf8) }
        #expect(throws: TextError.self) { try ([0xFF] as [UInt8]).decoded(as: .utf8) }
    }

    @Test func `text becomes bytes by its UTF-8 view or by an encoding, a literal without a copy`() throws {  // A-064
        #expect(Array("né".utf8) == [0x6E, 0xC3, 0xA9])
        #expect(try "né".encoded() == [0x6E, 0xC3, 0xA9])
        let literal: StaticString = "Thank you\r\n"
        #expect(literal.bytes.byteCount == 11)
        #expect(literal.bytes.withUnsafeBytes { Array($0) } == Array("Thank you\r\n".utf8))
        let one: StaticString = "a"
        #expect(one.bytes.byteCount == 1)
    }

    @Test func `UTF-16 writes one byte order mark and reads either`() throws {
        var encoder = try TextEncoder(.utf16)
        let pieces = try encoder.encode("a") + encoder.encode("b") + encoder.finish()
        #expect(pieces == [0xFF, 0xFE, 0x61, 0, 0x62, 0])
        #expect(try [0xFE, 0xFF, 0, 0x61].decoded(as: .utf16) == "a")
        #expect(try [0xFF, 0xFE, 0x61, 0].decoded(as: .utf16) == "a")
        #expect(try [0x61, 0].decoded(as: .utf16) == "a")
    }

    @Test func `an encoder ends a shifted text, and begins a new one after that`() throws {
        var encoder = try TextEncoder(.iso2022JP)
        let opened: [UInt8] = [0x1B, 0x24, 0x42, 0x46, 0x7C]
        #expect(try encoder.encode("日") == opened)
        #expect(try encoder.finish() == [0x1B, 0x28, 0x42])
        #expect(try encoder.encode("日") == opened)
    }

    @Test func `a decoder gives out what the encoding held back when it ends`() throws {
        // In BIG5-HKSCS, U+00CA may be the first half of 88 62: the encoder waits for what follows.
        var encoder = try TextEncoder(.big5HKSCS)
        let first = try encoder.encode("\u{CA}")
        #expect(try first + encoder.finish() == [0x88, 0x66])
        #expect(try "\u{CA}\u{304}".encoded(as: .big5HKSCS) == [0x88, 0x62])
        #expect(try [0x88, 0x62].decoded(as: .big5HKSCS) == "\u{CA}\u{304}")
        // So does the decoder of Vietnamese, whose vowels may take a tone.
        #expect(try [0x65].decoded(as: TextEncoding("TCVN5712-1")) == "e")
    }

    @Test func `a long text takes any window and comes back whole`() throws {
        let text = String(repeating: "你好, wörld 😀\r\n", count: 20_000)
        for encoding in [TextEncoding.utf8, .gb18030, .utf16LE] {
            let bytes = try text.encoded(as: encoding)
            #expect(try bytes.decoded(as: encoding) == text)
            var decoder = try TextDecoder(encoding)
            var whole = ""
            var start = 0
            while start < bytes.count {  // 4093 is prime: each cut falls elsewhere in a character
                let end = min(start + 4093, bytes.count)
                try decoder.decode(bytes[start..<end], into: &whole)
                start = end
            }
            whole += try decoder.finish()
            #expect(whole == text)
        }
    }
}

@Suite(.blocking) struct TextEncodingTests {
    @Test(arguments: ["gbk", "GBK", "cp936", "Shift_JIS", "KOI8-U", "ISO-8859-7", "iso8859-1", "UTF-7", "IBM037"])
    func `any name that the system knows will do`(name: String) throws {
        #expect(try TextEncoding(name).name == name.uppercased())
    }

    @Test func `names compare without case`() throws {
        #expect(try TextEncoding("gbk") == .gbk)
        #expect(try TextEncoding("utf-8") == .utf8)
        #expect(TextEncoding.gbk != .gb18030)
        #expect("\(TextEncoding.gbk)" == "GBK")
    }

    @Test(arguments: [
        "", "klingon", "GBK//IGNORE", "ASCII//TRANSLIT", "/", "UTF-8/", "a b", "gbk\0", "GBK,", "ｇｂｋ", "../../tmp/evil",
        String(repeating: "A", count: 65),
    ])
    func `any other name is refused and quoted`(name: String) {
        let error = #expect(throws: TextError.self) { try TextEncoding(name) }
        #expect(error?.encoding == name)
        #expect(error?.reason == .unknownEncoding)
    }

    @Test func `an unknown name is told in one line, safe to print`() {
        let error = #expect(throws: TextError.self) { try TextEncoding("kl\u{1B}[2Jingon\n") }
        #expect(error?.description == #"open "kl\u{1B}[2Jingon\n": the system knows no encoding of this name"#)
    }

    #if DEBUG
        @Test func `a system without memory or descriptors is told as such`() {
            withFaults(.failing(.iconvOpen, with: .tooManyOpenFiles)) {
                let error = #expect(throws: TextError.self) { try [0x41].decoded(as: .gbk) }
                #expect(error?.reason == .system(.tooManyOpenFiles))
            }
            withFaults(.failing(.iconv, with: .noMemory)) {
                let error = #expect(throws: TextError.self) { try [0x41].decoded(as: .gbk) }
                #expect(error?.reason == .system(.noMemory))
                #expect(error?.description == "decode GBK: cannot allocate memory")
            }
        }
    #endif
}
