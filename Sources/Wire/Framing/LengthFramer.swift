// SPDX-License-Identifier: Apache-2.0

/// Frames that begin with how many bytes follow: an unsigned integer of 8, 16, 32 or 64 bits. What Twisted calls
/// `Int32StringReceiver`, and `struct.pack("!I", …)` writes.
///
/// The limit is checked as soon as the length is there, and no memory is set aside for what a peer has only announced.
public struct LengthFramer: ByteFramer {
    /// How wide the length is.
    public enum Width: Int, CaseIterable, Hashable, Sendable {
        /// One byte.
        case bits8 = 1
        /// Two bytes.
        case bits16 = 2
        /// Four bytes.
        case bits32 = 4
        /// Eight bytes.
        case bits64 = 8

        /// How many bytes that is.
        public var byteCount: Int { rawValue }
    }

    /// The limit, in bytes, unless a caller names one.
    public static let defaultLimit = 99_999

    /// How wide the length is.
    public let width: Width
    /// Which byte of the length comes first.
    public let order: ByteOrder
    /// Whether the length counts its own bytes too.
    public let countsItself: Bool
    /// The most bytes that a frame may carry, its length's own never counted.
    public let limit: Int

    private var violation = FirstViolation()

    /// Makes a framer for frames that carry at most `limit` bytes.
    ///
    /// - Precondition: `limit` is not negative.
    public init(
        _ width: Width, _ order: ByteOrder = .bigEndian, countsItself: Bool = false,
        limit: Int = LengthFramer.defaultLimit
    ) {
        precondition(limit >= 0, "a frame's limit is not negative")
        self.width = width
        self.order = order
        self.countsItself = countsItself
        self.limit = limit
    }

    /// Finds the next frame; see ``ByteFramer/locate(in:atEnd:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for a length that counts itself and is smaller than itself; at the end
    ///   `.truncated`.
    public mutating func locate(
        in buffer: borrowing ByteBuffer, atEnd: Bool
    ) throws(FramingError) -> FrameBounds? {
        try violation.check()
        let header = width.byteCount
        guard let announced = length(in: buffer) else { return try incomplete(buffer, header, atEnd) }
        let own = countsItself ? UInt64(header) : 0
        if announced < own {
            let words = "a length of \(announced), which counts its own \(header) bytes"
            throw violation.record(Self.name, .malformed(words))
        }
        // In this order: what is within the limit fits an `Int`.
        guard announced - own <= UInt64(largest) else { throw violation.record(Self.name, .tooLong(limit: limit)) }
        let total = header + Int(announced - own)
        guard buffer.count >= total else { return try incomplete(buffer, total, atEnd) }
        return FrameBounds(payload: header..<total, byteCount: total)
    }

    /// Appends a length and the frame; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.tooLong`, also for a length that its width can't hold.
    public func encode(_ payload: RawSpan, into buffer: inout ByteBuffer) throws(FramingError) {
        let own = countsItself ? width.byteCount : 0
        let widest = width == .bits64 ? UInt64.max : 1 << (8 * UInt64(width.byteCount)) - 1
        let limit = Int(min(UInt64(largest), widest - UInt64(own)))
        if payload.byteCount > limit { throw FramingError(Self.name, .tooLong(limit: limit)) }
        let length = UInt64(payload.byteCount + own)
        switch width {
        case .bits8: buffer.append(integer: UInt8(length), order)
        case .bits16: buffer.append(integer: UInt16(length), order)
        case .bits32: buffer.append(integer: UInt32(length), order)
        case .bits64: buffer.append(integer: length, order)
        }
        buffer.append(payload)
    }

    /// The limit, with room for the header.
    private var largest: Int { min(limit, .max - width.byteCount) }

    private func length(in buffer: borrowing ByteBuffer) -> UInt64? {
        switch width {
        case .bits8: buffer.integer(as: UInt8.self, order).map(UInt64.init)
        case .bits16: buffer.integer(as: UInt16.self, order).map(UInt64.init)
        case .bits32: buffer.integer(as: UInt32.self, order).map(UInt64.init)
        case .bits64: buffer.integer(as: UInt64.self, order)
        }
    }

    /// Not all of the `total` bytes are there.
    private mutating func incomplete(
        _ buffer: borrowing ByteBuffer, _ total: Int, _ atEnd: Bool
    ) throws(FramingError) -> FrameBounds? {
        guard atEnd, !buffer.isEmpty else { return nil }
        throw violation.record(Self.name, .truncated(have: buffer.count, of: total))
    }

    private static let name = "frame with length"
}
