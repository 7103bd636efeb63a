// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

/// P13 and B-TW-17: lines are bounded and searched in linear time, where others search a long line again for each
/// piece of it.
@Suite(.blocking) struct LinearTimeTests {
    private static let framers: [any ByteFramer] = [
        LineFramer(limit: 100), DelimiterFramer([UInt8]("\n"), limit: 100),
        DelimiterFramer([UInt8]("ab\n"), limit: 100),
    ]

    @Test(arguments: framers.indices)
    func `no byte is looked at a second time when more come`(_ index: Int) throws {
        for seen in 0...60 {
            var framer = Self.framers[index]
            for count in 0...seen {
                var beginning = ByteBuffer([UInt8](repeating: 0x78, count: count))
                #expect(try framer.next(in: &beginning) == nil)
            }
            // Other bytes in the place of those that were seen: who looks again finds three lines for each.
            let end = index == 2 ? "ab\n" : "\n"
            let changed = String(repeating: "ab\n", count: 20).prefix(seen)
            var buffer = ByteBuffer((changed + "yy" + end).utf8)
            #expect(try framer.next(in: &buffer) == [UInt8](changed + "yy"))
        }
    }

    @Test func `a delimiter that is cut is remembered, not looked for again`() throws {
        var framer = DelimiterFramer([UInt8]("ab\n"))
        var beginning = ByteBuffer("xab".utf8)
        #expect(try framer.next(in: &beginning) == nil)
        var buffer = ByteBuffer("...\n".utf8)
        #expect(try framer.next(in: &buffer) == [UInt8]("."))
    }

    @Test func `a line of 8 MiB in pieces of 4 KiB is read, and its bytes are moved twice at most`() throws {
        let size = 8 << 20
        var framer = LineFramer(limit: size)
        var buffer = ByteBuffer()
        let piece = [UInt8](repeating: 0x78, count: 4096)
        var (moved, capacity) = (0, 0)
        for _ in 0..<size / piece.count {
            let before = buffer.count
            buffer.append(contentsOf: piece)
            if buffer.capacity != capacity { (moved, capacity) = (moved + before, buffer.capacity) }
            #expect(try framer.locate(in: buffer, atEnd: false) == nil)
        }
        buffer.append(contentsOf: "\r\n".utf8)
        #expect(try framer.withNext(in: &buffer) { $0.byteCount } == size)
        #expect(moved <= 2 * size)
        #expect(buffer.capacity <= ByteBuffer.retainedCapacity)
    }

    @Test func `a line that never ends costs its limit and one read`() {
        let read = [UInt8](repeating: 0x78, count: 16_384)
        let decoding = Decoding(LineFramer(), Array(repeating: read, count: 100))
        #expect(decoding.error == FramingError("line", .tooLong(limit: 16_384)))
        #expect(decoding.capacity <= 65_536)
    }

    @Test func `at the default limit both ends are read wherever they are cut`() {
        // twisted/twisted#6556
        let line = [UInt8](repeating: 0x78, count: LineFramer.defaultLimit)
        for end in ["\n", "\r\n"] {
            let stream = line + end.utf8 + line + end.utf8
            for cut in -3...3 {
                let place = line.count + cut
                let pieces = [Array(stream[..<place]), Array(stream[place...])]
                #expect(Decoding(LineFramer(), pieces) == Decoding(frames: [line, line]))
            }
            let over = Decoding(LineFramer(), [line + "x".utf8, [UInt8](end)])
            #expect(over == Decoding(frames: [], error: FramingError("line", .tooLong(limit: 16_384))))
        }
    }
}
