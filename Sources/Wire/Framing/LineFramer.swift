// SPDX-License-Identifier: Apache-2.0

/// Lines that end in LF or CR LF, whatever the peer likes; a last line without an end counts.
///
/// A CR elsewhere is part of its line. The limit counts the line without its end, exactly: a line of `limit` bytes is
/// read with either end, however it is cut, and one of a byte more is refused. Each byte is looked at once. Where only
/// CR LF may end a line, and a line without an end must not count, use ``DelimiterFramer``.
public struct LineFramer: ByteFramer {
    /// The limit, in bytes, unless a caller names one.
    public static let defaultLimit = 16_384

    /// What ends a line that is sent. (What is received may end in either.)
    public enum Ending: Hashable, Sendable {
        /// Unix files.
        case lf
        /// Internet protocols.
        case crlf
    }

    /// The most bytes that a line may have, its end not counted.
    public let limit: Int
    /// What ends a line that is sent.
    public let ending: Ending

    /// How many bytes of the buffer are known to hold no LF.
    private var searched = 0
    private var violation = FirstViolation()

    /// Makes a framer for lines of at most `limit` bytes, their ends not counted.
    ///
    /// - Precondition: `limit` is not negative.
    public init(limit: Int = LineFramer.defaultLimit, ending: Ending = .lf) {
        precondition(limit >= 0, "a line's limit is not negative")
        self.limit = limit
        self.ending = ending
    }

    /// Finds the next line; see ``ByteFramer/locate(in:atEnd:)``.
    ///
    /// - Throws: `.tooLong`.
    public mutating func locate(
        in buffer: borrowing ByteBuffer, atEnd: Bool
    ) throws(FramingError) -> FrameBounds? {
        try violation.check()
        // No line that may pass has its LF behind these, so nothing behind them is looked at.
        let end = min(buffer.count, min(limit, .max - 2) + 2)
        guard let newline = buffer.firstIndex(of: Self.lineFeed, from: searched, before: end) else {
            searched = end
            return try unended(in: buffer, atEnd: atEnd)
        }
        searched = 0
        let length = newline > 0 && buffer[newline - 1] == Self.carriageReturn ? newline - 1 : newline
        if length > limit { throw violation.record(Self.name, .tooLong(limit: limit)) }
        return FrameBounds(payload: 0..<length, byteCount: newline + 1)
    }

    /// Appends a line and its end; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for a line with an LF in it, and for one that ends in CR where LF ends it.
    public func encode(_ payload: RawSpan, into buffer: inout ByteBuffer) throws(FramingError) {
        if payload.byteCount > limit { throw FramingError(Self.name, .tooLong(limit: limit)) }
        if let newline = payload.firstIndex(of: Self.lineFeed) {
            throw FramingError(Self.name, .malformed("a line feed within it, at offset \(newline)"))
        }
        let last = payload.byteCount - 1
        if ending == .lf, last >= 0, payload.firstIndex(of: Self.carriageReturn, in: last..<last + 1) != nil {
            throw FramingError(Self.name, .malformed("a carriage return at its end, which LF would make CR LF"))
        }
        buffer.append(payload)
        if ending == .crlf { buffer.append(Self.carriageReturn) }
        buffer.append(Self.lineFeed)
    }

    /// What is there has no LF.
    private mutating func unended(in buffer: borrowing ByteBuffer, atEnd: Bool) throws(FramingError) -> FrameBounds? {
        if searched > limit {
            // One byte over the limit may be the CR of an end whose LF has yet to come.
            let mayStillEnd = !atEnd && searched - 1 == limit && buffer[limit] == Self.carriageReturn
            if !mayStillEnd { throw violation.record(Self.name, .tooLong(limit: limit)) }
        }
        guard atEnd, searched > 0 else { return nil }
        let length = searched
        searched = 0
        return FrameBounds(payload: 0..<length, byteCount: length)
    }

    private static let name = "line"
    private static let lineFeed: UInt8 = 0x0A
    private static let carriageReturn: UInt8 = 0x0D
}
