// SPDX-License-Identifier: Apache-2.0
import Wire

/// Lines with their ends, whatever the peer likes, and pieces of a line that has telnet's commands in it: who sent a
/// command waits for what it is answered, and not until its line is whole.
///
/// A frame that ends in LF is a line, or the last piece of one; after any other the line goes on. The last line of a
/// stream needs no end. A piece is handed on once the byte is there that begins a command, and from then on all of the
/// line as it comes. So its text, which only ``TelnetLine`` knows, may be longer than the limit.
struct ChatLineFramer: ByteFramer {
    private var lines: LineFramer
    /// How many bytes of the buffer are known to begin no command.
    private var searched = 0
    /// Whether pieces of the line have been handed on.
    private var isInPieces = false
    private var isDead = false

    /// - Parameter limit: the most bytes of a line, its end not counted.
    init(limit: Int) { lines = LineFramer(limit: limit) }

    mutating func locate(in buffer: borrowing ByteBuffer, atEnd: Bool) throws(FramingError) -> FrameBounds? {
        do throws(FramingError) {
            if let line = try lines.locate(in: buffer, atEnd: atEnd) {
                (searched, isInPieces) = (0, false)
                return FrameBounds(payload: 0..<line.byteCount, byteCount: line.byteCount)
            }
        } catch {
            // It is too long with its commands, and may not be without them.
            if !isDead, let piece = piece(of: buffer) { return piece }
            isDead = true
            throw error
        }
        return piece(of: buffer)
    }

    /// What is there of a line whose end is not, or is behind the limit: no LF, in either case.
    private mutating func piece(of buffer: borrowing ByteBuffer) -> FrameBounds? {
        let end = min(buffer.count, min(lines.limit, .max - 1) + 1)
        if !isInPieces {
            guard buffer.firstIndex(of: TelnetLine.interpret, from: searched, before: end) != nil else {
                searched = end
                return nil
            }
        }
        if end == 0 { return nil }
        (lines, searched, isInPieces) = (LineFramer(limit: lines.limit), 0, true)
        return FrameBounds(payload: 0..<end, byteCount: end)
    }

    /// Appends a line with its end, or a piece of one, as it is.
    func encode(_ payload: RawSpan, into buffer: inout ByteBuffer) throws(FramingError) { buffer.append(payload) }
}
