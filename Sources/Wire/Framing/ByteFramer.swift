// SPDX-License-Identifier: Apache-2.0

/// A framer whose frames are bytes that stand in the stream as they are. It only has to find them; whether they are
/// copied or read in place is the caller's choice.
public protocol ByteFramer: Framer where Frame == [UInt8] {
    /// Finds the next whole frame at the front of `buffer`, and consumes nothing; nil until more bytes have come, or,
    /// at the end, when none are left. The caller consumes ``FrameBounds/byteCount`` bytes before it asks again.
    ///
    /// - Parameter atEnd: no more bytes will come.
    /// - Throws: as ``Framer/next(in:)``, and at the end as ``Framer/finish(in:)``.
    mutating func locate(in buffer: borrowing ByteBuffer, atEnd: Bool) throws(FramingError) -> FrameBounds?

    /// Appends a frame with these bytes; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: as ``Framer/encode(_:into:)``.
    func encode(_ payload: RawSpan, into buffer: inout ByteBuffer) throws(FramingError)
}

extension ByteFramer {
    /// Takes the next frame as an array of its own; see ``Framer/next(in:)``.
    ///
    /// - Throws: as ``Framer/next(in:)``.
    public mutating func next(in buffer: inout ByteBuffer) throws(FramingError) -> [UInt8]? {
        try take(from: &buffer, atEnd: false)
    }

    /// Takes the next frame when no more bytes will come; see ``Framer/finish(in:)``.
    ///
    /// - Throws: as ``Framer/finish(in:)``.
    public mutating func finish(in buffer: inout ByteBuffer) throws(FramingError) -> [UInt8]? {
        try take(from: &buffer, atEnd: true)
    }

    /// Lends the next frame's bytes to `body`, where they lie, and consumes them then; nil until more bytes have come.
    /// Nothing is copied or allocated: for who counts, compares or parses.
    ///
    /// - Throws: as ``Framer/next(in:)``, and at the end as ``Framer/finish(in:)``.
    @inlinable
    public mutating func withNext<Result>(
        in buffer: inout ByteBuffer, atEnd: Bool = false, _ body: (RawSpan) -> Result
    ) throws(FramingError) -> Result? {
        guard let bounds = try locate(in: buffer, atEnd: atEnd) else { return nil }
        let result = body(buffer.bytes.extracting(bounds.payload))
        buffer.consume(bounds.byteCount)
        return result
    }

    /// Appends a frame with these bytes: an array, a slice, `"text".utf8`; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: as ``Framer/encode(_:into:)``.
    @inlinable
    public func encode(_ payload: some Collection<UInt8>, into buffer: inout ByteBuffer) throws(FramingError) {
        let inPlace = payload.withContiguousStorageIfAvailable { bytes -> Result<Void, FramingError> in
            do throws(FramingError) {
                return .success(try encode(unsafe bytes.span.bytes, into: &buffer))
            } catch { return .failure(error) }
        }
        if let inPlace { return try inPlace.get() }
        let copy = Array(payload)
        try encode(unsafe copy.span.bytes, into: &buffer)
    }

    private mutating func take(from buffer: inout ByteBuffer, atEnd: Bool) throws(FramingError) -> [UInt8]? {
        guard let bounds = try locate(in: buffer, atEnd: atEnd) else { return nil }
        let payload = buffer.array(bounds.payload)
        buffer.consume(bounds.byteCount)
        return payload
    }
}
