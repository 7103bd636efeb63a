// SPDX-License-Identifier: Apache-2.0

/// Frames that end in a delimiter of one byte or more, and in nothing else: `\r\n` of strict protocols, `\0`, a
/// boundary.
///
/// The limit counts a frame without its delimiter, exactly, wherever the delimiter is cut. Each byte is looked at once,
/// also when a peer sends the beginning of the delimiter over and over. What the end of the stream leaves without a
/// delimiter is no frame: half a command must not be obeyed.
public struct DelimiterFramer: ByteFramer {
    /// The limit, in bytes, unless a caller names one.
    public static let defaultLimit = 16_384

    /// What ends a frame.
    public let delimiter: BytePattern
    /// The most bytes that a frame may have, its delimiter not counted.
    public let limit: Int

    private var search = PatternSearch()
    private var violation = FirstViolation()

    /// Makes a framer for frames of at most `limit` bytes, their delimiters not counted.
    ///
    /// - Precondition: `delimiter` is not empty and `limit` not negative.
    public init(_ delimiter: some Collection<UInt8>, limit: Int = DelimiterFramer.defaultLimit) {
        precondition(limit >= 0, "a frame's limit is not negative")
        self.delimiter = BytePattern(delimiter)
        self.limit = limit
    }

    /// Finds the next frame; see ``ByteFramer/locate(in:atEnd:)``.
    ///
    /// - Throws: `.tooLong`, and at the end `.truncated`.
    public mutating func locate(
        in buffer: borrowing ByteBuffer, atEnd: Bool
    ) throws(FramingError) -> FrameBounds? {
        try violation.check()
        let window = min(limit, .max - delimiter.bytes.count) + delimiter.bytes.count
        if let length = search.advance(in: buffer, for: delimiter, before: window) {
            search = PatternSearch()
            return FrameBounds(payload: 0..<length, byteCount: length + delimiter.bytes.count)
        }
        // What is not matched yet is the frame's for certain.
        if search.position - search.matched > limit { throw violation.record(Self.name, .tooLong(limit: limit)) }
        if atEnd, !buffer.isEmpty {
            throw violation.record(Self.name, .truncated(have: buffer.count, of: nil))
        }
        return nil
    }

    /// Appends a frame and its delimiter; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for a frame within which, or across whose end, the delimiter stands.
    public func encode(_ payload: RawSpan, into buffer: inout ByteBuffer) throws(FramingError) {
        if payload.byteCount > limit { throw FramingError(Self.name, .tooLong(limit: limit)) }
        let before = buffer.count
        buffer.append(payload)
        buffer.append(contentsOf: delimiter.bytes)
        guard let found = buffer.firstIndex(of: delimiter, from: before), found - before < payload.byteCount else {
            return
        }
        buffer.withdraw(payload.byteCount + delimiter.bytes.count)
        throw FramingError(Self.name, .malformed("the delimiter within it, at offset \(found - before)"))
    }

    private static let name = "delimited frame"
}
