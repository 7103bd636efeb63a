// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Wire

/// Wire's framers: a line for each.
@main
struct FuzzFraming {
    static func main() {
        Fuzzer.main([
            .framer("line", LineFramer(), ["one\r\ntwo\n\nlast"]),
            .framer("short-line", LineFramer(limit: 8), ["12345678\r\n\n\r\nx\r"]),
            .framer("delimiter", DelimiterFramer([0x0D, 0x0A], limit: 8), ["12345678\r\r\n\r\nx\r"]),
            .framer("self-overlapping-delimiter", DelimiterFramer("aabaaa".utf8), ["aabaabaaax", "aaaaaaabaaaaabaaa"]),
            .framer("length-8", LengthFramer(.bits8, limit: 8), ["\u{1}a\u{0}\u{8}12345678"]),
            .framer("length-16", LengthFramer(.bits16, .littleEndian), ["\u{2}\u{0}ab\u{0}\u{0}"]),
            .framer(
                "length-32", LengthFramer(.bits32, countsItself: true), ["\u{0}\u{0}\u{0}\u{5}a\u{0}\u{0}\u{0}\u{4}"]),
            .framer(
                "length-64", LengthFramer(.bits64, countsItself: true, limit: .max),
                ["\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{9}a", "\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}"]),
            .framer("netstring", NetstringFramer(), ["5:hello,0:,8:,,::,,,,,1:,,"], ["0:,", "1:", "99999:"]),
            .framer("boundless-netstring", NetstringFramer(limit: .max), ["1:a,"], ["9223372036854775807:"]),
            .framer("fixed", FixedFramer(byteCount: 3), ["abcdef"]),
        ])
    }
}

extension Parser {
    /// A framer, and messages of which some are well formed for it.
    fileprivate static func framer(
        _ name: String, _ framer: some ByteFramer, _ seeds: [String], _ words: [String] = ["\r\n", "\n", "\r"]
    ) -> Parser {
        let (seeds, words) = (seeds.map { Array($0.utf8) }, words.map { Array($0.utf8) })
        return Parser(name, seeds: seeds, words: words, passes: 2) { message, random in
            let whole = Frames(framer, [message[...]])
            let cut = Frames(framer, random.pieces(of: message))
            if whole.frames != cut.frames {
                return "cut it has other frames: \(cut.frames.count), not \(whole.frames.count)"
            }
            if whole.error != cut.error {
                return "cut it has another error: \(cut.error, or: "none"), not \(whole.error, or: "none")"
            }
            if whole.isAlive { return "it went on after \(whole.error, or: "nothing")" }
            if whole.frames.reduce(0, { $0 + $1.count }) > message.count { return "it has more bytes than came" }
            return whole.frames.prefix(16).firstFlaw(framer)
        }
    }
}

extension Sequence<[UInt8]> {
    /// What is encoded is one frame, the same again.
    fileprivate func firstFlaw(_ framer: some ByteFramer) -> String? {
        for frame in self {
            var encoded = ByteBuffer()
            do throws(FramingError) { try framer.encode(frame, into: &encoded) } catch {
                // A line that ends in CR can't be sent where LF ends it.
                if case .malformed = error.reason, encoded.isEmpty { continue }
                return "a frame that was read can't be encoded: \(error)"
            }
            let again = Frames(framer, [encoded.take(encoded.count)[...]])
            if again.frames != [frame] || again.error != nil { return "encoded and read again it is another frame" }
        }
        return nil
    }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(_ error: FramingError?, or word: String) {
        appendLiteral(error?.description ?? word)
    }
}

/// What a framer makes of pieces.
private struct Frames {
    private(set) var frames: [[UInt8]] = []
    private(set) var error: FramingError?
    /// Whether it gave anything but the same error after the first one.
    private(set) var isAlive = false

    init(_ framer: some ByteFramer, _ pieces: [ArraySlice<UInt8>]) {
        var framer = framer
        var buffer = ByteBuffer()
        do throws(FramingError) {
            for piece in pieces {
                buffer.append(contentsOf: piece)
                while let frame = try framer.next(in: &buffer) { frames.append(frame) }
            }
            while let frame = try framer.finish(in: &buffer) { frames.append(frame) }
        } catch {
            self.error = error
            do throws(FramingError) {
                _ = try framer.next(in: &buffer)
                isAlive = true
            } catch let second {
                isAlive = second != error
            }
        }
    }
}
