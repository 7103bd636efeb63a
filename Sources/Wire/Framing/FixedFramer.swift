// SPDX-License-Identifier: Apache-2.0

/// Frames that all have the same size.
public struct FixedFramer: ByteFramer {
    /// How many bytes a frame has.
    public let byteCount: Int

    private var violation = FirstViolation()

    /// Makes a framer for frames of `byteCount` bytes.
    ///
    /// - Precondition: `byteCount` is at least 1.
    public init(byteCount: Int) {
        precondition(byteCount > 0, "a frame has at least one byte")
        self.byteCount = byteCount
    }

    /// Finds the next frame; see ``ByteFramer/locate(in:atEnd:)``.
    ///
    /// - Throws: at the end `.truncated`.
    public mutating func locate(
        in buffer: borrowing ByteBuffer, atEnd: Bool
    ) throws(FramingError) -> FrameBounds? {
        try violation.check()
        if buffer.count >= byteCount { return FrameBounds(payload: 0..<byteCount, byteCount: byteCount) }
        guard atEnd, !buffer.isEmpty else { return nil }
        throw violation.record(Self.name, .truncated(have: buffer.count, of: byteCount))
    }

    /// Appends a frame; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for fewer bytes than a frame has.
    public func encode(_ payload: RawSpan, into buffer: inout ByteBuffer) throws(FramingError) {
        if payload.byteCount > byteCount { throw FramingError(Self.name, .tooLong(limit: byteCount)) }
        if payload.byteCount < byteCount {
            throw FramingError(Self.name, .malformed("\(payload.byteCount) bytes, and \(byteCount) are needed"))
        }
        buffer.append(payload)
    }

    private static let name = "frame of fixed size"
}
