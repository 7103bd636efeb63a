// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// The offset of the first byte equal to `byte`, or nil. Sixteen are compared at a time.
    func firstIndex(of byte: UInt8) -> Int? { firstIndex(of: byte, in: 0..<byteCount) }

    /// The same within `range`, which has to lie within the span.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "a search lies within its bytes")
        let wanted = SIMD16(repeating: byte)
        var index = range.lowerBound
        while range.upperBound &- index >= 16 {
            let block = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: SIMD16<UInt8>.self)
            if let lane = firstLane(block .== wanted) { return index &+ lane }
            index &+= 16
        }
        while index < range.upperBound {
            if unsafe unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self) == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// The first lane that is true. In memory the lanes are bytes, all ones or all zeros.
    @inline(__always)
    private func firstLane(_ mask: SIMDMask<SIMD16<Int8>>) -> Int? {
        let halves = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        if halves.x | halves.y == 0 { return nil }
        let (low, high) = (UInt64(littleEndian: halves.x), UInt64(littleEndian: halves.y))
        return (low != 0 ? low.trailingZeroBitCount : 64 &+ high.trailingZeroBitCount) &>> 3
    }
}
