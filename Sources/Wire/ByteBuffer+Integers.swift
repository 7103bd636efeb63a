// SPDX-License-Identifier: Apache-2.0

/// Integers of every width of the standard library, signed (two's complement) or not, at any offset.
extension ByteBuffer {
    /// Appends the bytes of `value`: 1 for an `Int8`, 16 for a `UInt128`.
    @inlinable
    public mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(
        integer value: Value, _ order: ByteOrder = .bigEndian
    ) {
        unsafe withUnsafeBytes(of: value.reordered(order)) { unsafe append(RawSpan(_unsafeBytes: $0)) }
    }

    /// The integer at `offset`, or nil while its bytes are not all there. Nothing is consumed.
    ///
    /// - Precondition: `offset` is not negative.
    @inlinable
    public func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int = 0, as type: Value.Type = Value.self, _ order: ByteOrder = .bigEndian
    ) -> Value? {
        precondition(offset >= 0, "an offset is not negative")
        guard offset <= count, count &- offset >= MemoryLayout<Value>.size else { return nil }
        return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type).reordered(order)
    }

    /// Consumes an integer and returns it. Nil, with nothing consumed, while its bytes are not all there.
    @inlinable
    public mutating func takeInteger<Value: FixedWidthInteger & BitwiseCopyable>(
        as type: Value.Type = Value.self, _ order: ByteOrder = .bigEndian
    ) -> Value? {
        guard let value = integer(as: type, order) else { return nil }
        consume(MemoryLayout<Value>.size)
        return value
    }
}
