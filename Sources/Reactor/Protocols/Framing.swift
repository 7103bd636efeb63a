// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a line is lent to a callback where it lies, and the callback may clear the buffer, put bytes back, or ask
//           for another mode.
// Hazard:   memory that changes while it is lent.
// Decision: while something is lent the buffer is only read; what is asked of it is done when the callback is back.
import Sockets
import Wire

/// What a protocol with frames keeps of a connection between two pieces. Touched by the loop's thread alone.
final class Framing<Framer: ByteFramer> {
    private var buffer = ByteBuffer()
    private var framer: Framer
    /// Bytes are handed on as they come.
    var isRaw = false
    private var isLent = false
    private var isToBeCleared = false
    private var rest: [UInt8] = []
    /// How many bytes of a message with a count were handed over already.
    var collected = 0

    init(_ framer: Framer) { self.framer = framer }

    var isEmpty: Bool { buffer.isEmpty }

    func append(_ bytes: RawSpan) { buffer.append(bytes) }

    /// Where the next frame stands; nil until more bytes have come.
    func locate() throws(FramingError) -> FrameBounds? { try framer.locate(in: buffer, atEnd: false) }

    /// All that is here, as one piece.
    var everything: FrameBounds { FrameBounds(payload: 0..<buffer.count, byteCount: buffer.count) }

    /// The first so many bytes; nil until they have come.
    func first(_ length: Int) -> FrameBounds? {
        buffer.count < length ? nil : FrameBounds(payload: 0..<length, byteCount: length)
    }

    /// How many bytes are here.
    var available: Int { buffer.count }

    func consume(_ count: Int) { buffer.consume(count) }

    /// What stands before a terminator, with it, or what can't be the beginning of one; nil for nothing.
    func part(before terminator: BytePattern) -> (FrameBounds?, isWhole: Bool) {
        if let end = buffer.firstIndex(of: terminator) {
            return (FrameBounds(payload: 0..<end, byteCount: end + terminator.bytes.count), true)
        }
        let certain = buffer.count - buffer.longestEnd(thatBegins: terminator.bytes)
        return (certain == 0 ? nil : FrameBounds(payload: 0..<certain, byteCount: certain), false)
    }

    /// What is here up to a delimiter, or all of it.
    func overlong(_ delimiter: BytePattern) -> FrameBounds {
        guard let end = buffer.firstIndex(of: delimiter) else { return everything }
        return FrameBounds(payload: 0..<end, byteCount: end + delimiter.bytes.count)
    }

    /// Begins anew, with a fresh framer.
    func renew(_ framer: Framer) { self.framer = framer }

    /// Lends a frame to `body`, and takes it out.
    func lend(_ frame: FrameBounds, to body: (RawSpan) throws -> Void) throws {
        isLent = true
        defer {
            isLent = false
            buffer.consume(frame.byteCount)
            if isToBeCleared { buffer.removeAll() }
            isToBeCleared = false
            takeBack()
        }
        try buffer.lend(frame.payload, to: body)
    }

    /// Throws everything away; the bytes, with those of a frame that is lent.
    func clear() -> [UInt8] {
        defer { if isLent { isToBeCleared = true } else { buffer.removeAll() } }
        return buffer.array(0..<buffer.count)
    }

    /// Puts bytes before everything that is here.
    func putBack(_ bytes: [UInt8]) {
        rest = bytes + rest
        if !isLent { takeBack() }
    }

    private func takeBack() {
        if rest.isEmpty { return }
        let behind = buffer.take(buffer.count)
        buffer.append(contentsOf: rest)
        buffer.append(contentsOf: behind)
        rest = []
    }

    /// Gives back memory that an idle connection does not need.
    func slim() {
        if buffer.capacity > 2 * buffer.count + Self.unworthy { buffer.releaseUnused() }
    }

    private static var unworthy: Int { 256 }
}

extension StreamTransport {
    /// Whether what has come may be handed over now.
    var mayDeliver: Bool {
        state.isDisjoint(with: .noDelivery) && extras?.end == nil
    }

    /// The connection's framing of a kind, made when it is first needed.
    func framing<Framer: ByteFramer>(_ make: @autoclosure () -> Framer) -> Framing<Framer> {
        if let known = framing as? Framing<Framer> { return known }
        let made = Framing(make())
        framing = made
        return made
    }
}

/// A span of a class's property can't leave the access to it: this is one access.
extension ByteBuffer {
    /// How many of the last bytes may be the beginning of a pattern that is not here as a whole.
    fileprivate borrowing func longestEnd(thatBegins pattern: [UInt8]) -> Int {
        var length = min(pattern.count - 1, count)
        candidates: while length > 0 {
            for offset in 0..<length where self[count - length + offset] != pattern[offset] {
                length -= 1
                continue candidates
            }
            return length
        }
        return 0
    }

    fileprivate borrowing func lend(_ range: Range<Int>, to body: (RawSpan) throws -> Void) throws {
        try body(bytes.extracting(range))
    }
}
