// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

@Suite(.blocking) struct ByteBufferIntegerTests {
    @Test func `integers stand in the order that was asked for`() {
        var buffer = ByteBuffer()
        buffer.append(integer: UInt16(0x0102))
        buffer.append(integer: UInt32(0x0304_0506), .littleEndian)
        buffer.append(integer: Int8(-1))
        buffer.append(integer: Int64(-2), .bigEndian)
        #expect(buffer.take(15) == [1, 2, 6, 5, 4, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE])
    }

    @Test func `integers of every width are read as they were written, at any offset`() {
        check([UInt8.min, 1, 0x80, .max])
        check([Int8.min, -1, 0, .max])
        check([UInt16.min, 0x0102, .max])
        check([Int16.min, -2, .max])
        check([UInt32.min, 0x0102_0304, .max])
        check([Int32.min, -3, .max])
        check([UInt64.min, 0x0102_0304_0506_0708, .max])
        check([Int64.min, -4, .max])
        check([UInt128.min, 0x0102_0304_0506_0708_090A, .max])
        check([Int.min, -5, .max])
    }

    private func check<Value: FixedWidthInteger & BitwiseCopyable>(_ values: [Value]) {
        for order in [ByteOrder.bigEndian, .littleEndian] {
            for offset in 0..<9 {
                var buffer = ByteBuffer([UInt8](repeating: 0xAA, count: offset))
                for value in values { buffer.append(integer: value, order) }
                for (index, value) in values.enumerated() {
                    #expect(buffer.integer(at: offset + index * MemoryLayout<Value>.size, order) == value)
                }
                buffer.consume(offset)
                for value in values { #expect(buffer.takeInteger(order) == value) }
                #expect(buffer.count == 0)
            }
        }
    }

    @Test func `an integer whose bytes are not all there is nil and takes nothing`() {
        var buffer = ByteBuffer([1, 2, 3])
        #expect(buffer.takeInteger(as: UInt32.self) == nil)
        #expect(buffer.integer(at: 2, as: UInt16.self) == nil)
        #expect(buffer.integer(at: .max, as: UInt8.self) == nil)
        #expect(buffer.count == 3)
    }
}
