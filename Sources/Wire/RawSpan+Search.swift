// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// The offset of the first byte equal to `byte`, or nil.
    func firstIndex(of byte: UInt8) -> Int? { firstIndex(of: byte, in: 0..<byteCount) }

    /// The same within `range`, which has to lie within the span. Sixteen bytes are compared at a time, and there is
    /// one branch for each sixty-four while that many are left.
    @inline(__always)
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "a search lies within its bytes")
        let wanted = SIMD16(repeating: byte)
        var index = range.lowerBound
        while range.upperBound &- index >= 64 {
            let (first, second) = (matches(wanted, at: index), matches(wanted, at: index &+ 16))
            let (third, fourth) = (matches(wanted, at: index &+ 32), matches(wanted, at: index &+ 48))
            if !isNone((first | second) | (third | fourth)) {
                if !isNone(first) { return firstLane(first, index) }
                if !isNone(second) { return firstLane(second, index &+ 16) }
                if !isNone(third) { return firstLane(third, index &+ 32) }
                return firstLane(fourth, index &+ 48)
            }
            index &+= 64
        }
        while range.upperBound &- index >= 16 {
            let found = matches(wanted, at: index)
            if !isNone(found) { return firstLane(found, index) }
            index &+= 16
        }
        while index < range.upperBound {
            if unsafe unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self) == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// All ones in the bytes that match, all zeros in the others. Sixteen bytes have to be there.
    @inline(__always)
    private func matches(_ wanted: SIMD16<UInt8>, at offset: Int) -> SIMD2<UInt64> {
        let block = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
        return unsafe unsafeBitCast(block .== wanted, to: SIMD2<UInt64>.self)
    }

    @inline(__always)
    private func isNone(_ mask: SIMD2<UInt64>) -> Bool { mask.x | mask.y == 0 }

    /// The offset of the first of the bytes that match, where the block begins at `base`; there has to be one.
    @inline(__always)
    private func firstLane(_ mask: SIMD2<UInt64>, _ base: Int) -> Int {
        let (low, high) = (UInt64(littleEndian: mask.x), UInt64(littleEndian: mask.y))
        if low != 0 { return base &+ low.trailingZeroBitCount &>> 3 }
        return base &+ 8 &+ high.trailingZeroBitCount &>> 3
    }
}
