// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Sockets

/// Text in other encodings: however it is cut it means the same, replacing refuses nothing, and what Unicode's own
/// encodings wrote is the same text again.
@main
struct FuzzText {
    static func main() {
        Fuzzer.main([
            .encoding(
                .utf8, ["plain", "é€😀", "\u{FEFF}x"], words: [[0xF0, 0x9F], [0xED, 0xA0, 0x80], [0xC0, 0x80]]),
            .encoding(.utf16, ["ab", "é😀"], words: [[0xFF, 0xFE], [0xFE, 0xFF], [0xD8, 0x3D]]),
            .encoding(.utf16BE, ["ab", "é😀"], words: [[0xD8, 0x3D], [0xDE, 0]]),
            .encoding(.utf32LE, ["ab", "é😀"], words: [[0, 0, 0x11, 0], [0, 0xD8, 0, 0]]),
            .encoding(.ascii, ["plain"]),
            .encoding(.gb2312, ["你好 ab"]),
            .encoding(.gbk, ["你好 ab"]),
            .encoding(TextEncoding.named("GB18030"), ["你好 é😀"], words: [[0x81, 0x30, 0x81, 0x30]]),
            .encoding(TextEncoding.named("BIG5-HKSCS"), ["你好"], words: [[0x88, 0x62], [0x88, 0x66]]),
            .encoding(TextEncoding.named("SHIFT_JIS"), ["日本 ｱ"]),
            .encoding(TextEncoding.named("UHC"), ["한국"], words: [[0xA2, 0xE8]]),
            .encoding(
                TextEncoding.named("ISO-2022-JP"), ["日本 ab"],
                words: [[0x1B, 0x24, 0x42], [0x1B, 0x28, 0x42], [0x1B, 0x24], [0x1B]]),
        ])
    }
}

extension TextEncoding {
    /// One that this machine has to know.
    fileprivate static func named(_ name: String) -> TextEncoding {
        do throws(TextError) { return try TextEncoding(name) } catch { preconditionFailure("\(error)") }
    }

    /// Whether it has every character, once.
    fileprivate var isUnicode: Bool { name.hasPrefix("UTF-") }
}

extension Parser {
    fileprivate static func encoding(
        _ encoding: TextEncoding, _ texts: [String], words: [[UInt8]] = []
    ) -> Parser {
        let seeds = texts.map { (try? $0.encoded(as: encoding)) ?? Array($0.utf8) }
        return Parser(encoding.name.lowercased(), seeds: seeds, words: words, passes: 6) { message, random in
            do throws(TextError) {
                let pieces = random.pieces(of: message)
                let whole = Decoded(encoding, .strict, [message[...]])
                let cut = Decoded(encoding, .strict, pieces)
                if whole != cut { return "cut it is \(cut), and whole \(whole)" }
                let replaced = Decoded(encoding, .replacing, [message[...]])
                let replacedCut = Decoded(encoding, .replacing, pieces)
                if replaced != replacedCut { return "replaced and cut it is \(replacedCut), and whole \(replaced)" }
                if let error = replaced.error { return "replacing failed: \(error)" }
                if whole.error == nil, whole.text != replaced.text { return "replacing changed what was well formed" }
                _ = try replaced.text.encoded(as: encoding, errors: .replacing)
                if encoding.isUnicode, try !isKept(replaced.text, encoding) { return "encoded it is another text" }
                return nil
            } catch {
                return "encoding failed: \(error)"
            }
        }
    }

    private static func isKept(_ text: String, _ encoding: TextEncoding) throws(TextError) -> Bool {
        let again = try text.encoded(as: encoding).decoded(as: encoding)
        return again.unicodeScalars.elementsEqual(text.unicodeScalars) || encoding == .utf16
    }
}

/// What a decoder makes of pieces.
private struct Decoded: Equatable, CustomStringConvertible {
    var text = ""
    var error: TextError?

    init(_ encoding: TextEncoding, _ policy: TextErrorPolicy, _ pieces: [ArraySlice<UInt8>]) {
        do throws(TextError) {
            var decoder = try TextDecoder(encoding, errors: policy)
            for piece in pieces { try decoder.decode(piece, into: &text) }
            text += try decoder.finish()
        } catch {
            self.error = error
        }
    }

    var description: String { "\(text.debugDescription) \(error.map { "\($0)" } ?? "")" }
}
