// SPDX-License-Identifier: Apache-2.0
import Fuzzing
import Wire

extension Parser {
    /// A framer, and messages of which some are well formed for it.
    static func framer<Framing: Framer>(
        _ name: String, _ framer: Framing, _ seeds: [String], _ words: [String] = ["\r\n", "\n", "\r"],
        _ binary: [[UInt8]] = []
    ) -> Parser where Framing.Frame: Equatable {
        let (seeds, words) = (seeds.map { Array($0.utf8) } + binary, words.map { Array($0.utf8) })
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
            if let frames = whole.frames as? [[UInt8]], frames.reduce(0, { $0 + $1.count }) > message.count {
                return "it has more bytes than came"
            }
            return whole.frames.prefix(16).lazy.compactMap { framer.flaw(in: $0) }.first
        }
    }
}

extension Framer where Frame: Equatable {
    /// What is encoded is one frame, the same again.
    fileprivate func flaw(in frame: Frame) -> String? {
        var encoded = ByteBuffer()
        do throws(FramingError) { try encode(frame, into: &encoded) } catch {
            // What the rule can't express: a line that ends in CR, where LF ends it; another method than CONNECT.
            if case .malformed = error.reason, encoded.isEmpty { return nil }
            return "a frame that was read can't be encoded: \(error)"
        }
        let again = Frames(self, [encoded.take(encoded.count)[...]])
        return again.frames == [frame] && again.error == nil ? nil : "encoded and read again it is another frame"
    }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(_ error: FramingError?, or word: String) {
        appendLiteral(error?.description ?? word)
    }
}

/// What a framer makes of pieces.
private struct Frames<Framing: Framer> {
    private(set) var frames: [Framing.Frame] = []
    private(set) var error: FramingError?
    /// Whether it gave anything but the same error after the first one.
    private(set) var isAlive = false

    init(_ framer: Framing, _ pieces: [ArraySlice<UInt8>]) {
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
