// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

@Suite(.blocking) struct ByteBufferSearchTests {
    @Test func `a byte is found at every place of every length and alignment`() {
        for start in 0..<17 {
            for length in 0..<70 {
                for place in 0..<length {
                    // Found before, at and behind the searched bytes: only the first one counts.
                    var bytes = [UInt8](repeating: 0x0A, count: start) + [UInt8](repeating: 0x8A, count: length)
                    bytes[start + place] = 0x0A
                    bytes[start + length - 1] = 0x0A
                    var buffer = ByteBuffer(bytes + [0x0A])
                    buffer.consume(start)
                    #expect(buffer.firstIndex(of: 0x0A) == place)
                    #expect(buffer.firstIndex(of: 0x0A, from: place) == place)
                    #expect(buffer.firstIndex(of: 0x0A, before: place) == nil)
                    #expect(buffer.firstIndex(of: 0x0A, from: place, before: place + 1) == place)
                    #expect(buffer.firstIndex(of: 0x0B) == nil)
                }
            }
        }
    }

    @Test func `a search that begins behind the end finds nothing`() {
        let buffer = ByteBuffer("abc".utf8)
        #expect(buffer.firstIndex(of: 0x61, from: 3) == nil && buffer.firstIndex(of: 0x61, from: .max) == nil)
        #expect(buffer.firstIndex(of: 0x61, before: -1) == nil)
        #expect(buffer.firstIndex(of: [0x61], from: .max) == nil)
    }

    @Test func `every byte value is told from every other`() {
        let buffer = ByteBuffer(0...255)
        for byte in UInt8.min...UInt8.max { #expect(buffer.firstIndex(of: byte) == Int(byte)) }
    }

    @Test func `patterns are found where a plain comparison finds them`() {
        var generator = SeededGenerator(seed: 3)
        var found = 0
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...1, using: &generator)
            }
            let pattern = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                UInt8.random(in: 0...1, using: &generator)
            }
            let from = Int.random(in: 0...8, using: &generator)
            let expected = bytes.indices.first { $0 >= from && bytes[$0...].starts(with: pattern) }
            let buffer = ByteBuffer(bytes)
            #expect(buffer.firstIndex(of: pattern, from: from) == expected)
            #expect(buffer.firstIndex(of: BytePattern(pattern), from: from) == expected)
            found += expected == nil ? 0 : 1
        }
        #expect(found > 1000 && found < 19_000)
    }
}
