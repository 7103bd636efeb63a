// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

@Suite(.blocking) struct ByteBufferTests {
    @Test func `an empty buffer has no memory and nothing in it`() {
        var buffer = ByteBuffer()
        #expect(buffer.isEmpty && buffer.count == 0 && buffer.capacity == 0 && buffer.bytes.byteCount == 0)
        buffer.append(contentsOf: [])
        buffer.consume(0)
        buffer.removeAll()
        buffer.releaseUnused()
        #expect(buffer.take(0) == [] && buffer.text(0..<0) == "" && buffer.firstIndex(of: 0) == nil)
        #expect(buffer.integer(as: UInt8.self) == nil && buffer.capacity == 0)
    }

    @Test(arguments: UInt64(0)..<8)
    func `random operations do what they do to an array`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var buffer = ByteBuffer()
        var model: [UInt8] = []
        for step in 0..<4000 {
            let length = Int.random(in: 0...[3, 40, 3000][step % 3], using: &generator)
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: step &+ $0) }
            switch Int.random(in: 0..<9, using: &generator) {
            case 0: buffer.append(contentsOf: bytes)
            case 1: buffer.append(bytes.span.bytes)
            case 2: buffer.append(contentsOf: AnyCollection(bytes))
            case 3: for byte in bytes { buffer.append(byte) }
            case 4:
                let taken = buffer.append(bytes.span.bytes, limit: 5000)
                #expect(taken == min(length, max(0, 5000 - model.count)))
                model += bytes.prefix(taken)
                continue
            case 5:
                buffer.append(addingCapacity: length + 10) { output in for byte in bytes { output.append(byte) } }
            case 6: buffer.reserve(length); continue
            case 7: buffer.releaseUnused(); continue
            default:
                let count = Bool.random(using: &generator) ? model.count : min(length * 4, model.count)
                #expect(buffer.take(count) == Array(model.prefix(count)))
                model.removeFirst(count)
                continue
            }
            model += bytes
            #expect(buffer.count == model.count)
        }
        #expect(buffer.array(0..<buffer.count) == model)
    }

    @Test func `what a failing read has written by then is kept`() {
        struct Failure: Error {}
        var buffer = ByteBuffer("ab".utf8)
        #expect(throws: Failure.self) {
            try buffer.append(addingCapacity: 10) { output throws(Failure) in
                output.append(0x63)
                throw Failure()
            }
        }
        #expect(buffer.text(0..<buffer.count) == "abc")
    }

    @Test func `a limit is kept and says what did not fit`() {
        var buffer = ByteBuffer("abc".utf8)
        let more = [UInt8]("defgh")
        #expect(buffer.append(more.span.bytes, limit: 5) == 2)
        #expect(buffer.append(more.span.bytes, limit: 5) == 0)
        #expect(buffer.append(more.span.bytes, limit: .min) == 0)
        #expect(buffer.room(below: 5) == 0 && buffer.room(below: 7) == 2 && buffer.room(below: .min) == 0)
        #expect(buffer.text(0..<5) == "abcde")
    }

    @Test func `text that is no UTF-8 is repaired`() {
        let buffer = ByteBuffer([0x61, 0xFF, 0xC3, 0xA9])
        #expect(buffer.text(0..<4) == "a\u{FFFD}é")
    }

    // MARK: Memory

    @Test func `small messages through a buffer need no more memory than one of them twice`() {
        var buffer = ByteBuffer()
        for _ in 0..<10_000 {
            buffer.append(contentsOf: [UInt8](repeating: 1, count: 100))
            buffer.consume(99)
            buffer.consume(1)
        }
        #expect(buffer.capacity <= 200)
    }

    @Test func `a long queue of which little is taken at a time is moved a constant number of times`() {
        var buffer = ByteBuffer([UInt8](repeating: 1, count: 1 << 20))
        var (moves, capacity) = (0, buffer.capacity)
        let piece = [UInt8](repeating: 1, count: 100)
        // Eight times the queue passes through. A byte's address tells whether it was moved.
        var place = address(buffer)
        for _ in 0..<(8 << 20) / 100 {
            buffer.consume(100)
            place += 100
            buffer.append(piece.span.bytes)
            if address(buffer) != place { (moves, place) = (moves + 1, address(buffer)) }
            capacity = max(capacity, buffer.capacity)
        }
        #expect(moves <= 10 && moves > 0)
        #expect(capacity <= (2 << 20) + 200)
    }

    private func address(_ buffer: borrowing ByteBuffer) -> UInt {
        buffer.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }

    @Test func `the memory of a big message goes back, and that of a usual one stays`() {
        var buffer = ByteBuffer([UInt8](repeating: 1, count: ByteBuffer.retainedCapacity))
        buffer.removeAll()
        #expect(buffer.capacity == ByteBuffer.retainedCapacity)
        buffer.append(contentsOf: [UInt8](repeating: 2, count: 10 << 20))
        #expect(buffer.capacity >= 10 << 20)
        buffer.consume((10 << 20) - 3)
        #expect(buffer.capacity <= ByteBuffer.retainedCapacity)
        #expect(buffer.take(3) == [2, 2, 2])
        buffer.append(contentsOf: [UInt8](repeating: 2, count: 10 << 20))
        buffer.removeAll()
        #expect(buffer.capacity == 0)
    }

    @Test func `a big message taken in small pieces gives its memory back on the way`() {
        var buffer = ByteBuffer([UInt8](repeating: 1, count: 4 << 20))
        while buffer.count > 100 {
            buffer.consume(100)
            #expect(buffer.capacity <= max(4 * buffer.count + 400, ByteBuffer.retainedCapacity))
        }
    }

    @Test func `an idle buffer can give back what it does not need`() {
        var buffer = ByteBuffer("abc".utf8)
        buffer.reserve(5000)
        buffer.consume(1)
        buffer.releaseUnused()
        #expect(buffer.capacity == 2 && buffer.take(2) == [UInt8]("bc"))
        buffer.releaseUnused()
        #expect(buffer.capacity == 0)
    }

    @Test func `only unread bytes can be consumed`() async {
        await #expect(processExitsWith: .failure) {
            var buffer = ByteBuffer("abc".utf8)
            buffer.consume(4)
        }
        await #expect(processExitsWith: .failure) {
            let buffer = ByteBuffer("abc".utf8)
            _ = buffer[3]
        }
    }
}
