// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

/// What holds for every framer: B-TW-17 (the receivers' framing: exact limits and linear time), P13.
@Suite(.blocking) struct FramerTests {
    @Test(arguments: FramerCase.all)
    func `a stream gives the same frames however it is cut`(_ sample: FramerCase) {
        let whole = Decoding(sample.framer, [sample.stream])
        #expect(whole.frames == sample.frames)
        #expect(whole.error?.reason == sample.error)
        for pieces in Chunking.thorough(sample.stream) {
            #expect(Decoding(sample.framer, pieces) == whole, "\(pieces)")
        }
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<50 {
            let pieces = Chunking.random(sample.stream, largest: 5, &generator)
            #expect(Decoding(sample.framer, pieces) == whole, "\(pieces)")
        }
    }

    @Test(arguments: FramerCase.all)
    func `frames read in place are the frames that are copied`(_ sample: FramerCase) {
        var framer = sample.framer
        var buffer = ByteBuffer(sample.stream)
        var decoding = Decoding(frames: [])
        do throws(FramingError) {
            while let frame = try framer.withNext(in: &buffer, atEnd: true, copy) { decoding.frames.append(frame) }
        } catch {
            decoding.error = error
        }
        #expect(decoding == Decoding(sample.framer, [sample.stream]))
    }

    private func copy(_ bytes: RawSpan) -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }

    @Test(arguments: FramerCase.all)
    func `a stream that ends anywhere gives the frames that were whole`(_ sample: FramerCase) {
        for end in sample.stream.indices {
            let cut = Decoding(sample.framer, [Array(sample.stream[..<end])])
            let isLine = sample.framer is LineFramer
            let whole = isLine && cut.error == nil ? cut.frames.dropLast() : cut.frames[...]
            #expect(sample.frames.starts(with: whole))
            if case .truncated = cut.error?.reason { #expect(!isLine) }
        }
    }

    @Test(arguments: FramerCase.all.filter { $0.error != nil })
    func `after a violation every call throws the same error and takes nothing`(_ sample: FramerCase) throws {
        var framer = sample.framer
        var buffer = ByteBuffer(sample.stream)
        let first = try #require(throws: FramingError.self) { while try framer.finish(in: &buffer) != nil {} }
        #expect(first.reason == sample.error)
        let left = buffer.count
        // What would be a frame for each of them.
        buffer.append(contentsOf: "\n\r\n0:,\0".utf8)
        for _ in 0..<3 {
            #expect(throws: first) { try framer.next(in: &buffer) }
            #expect(throws: first) { try framer.finish(in: &buffer) }
            #expect(throws: first) { try framer.withNext(in: &buffer) { _ in } }
        }
        #expect(buffer.count == left + 7)
    }

    private static let encoders: [any ByteFramer] =
        [
            LineFramer(limit: 40), LineFramer(limit: 40, ending: .crlf), NetstringFramer(limit: 40),
            DelimiterFramer([UInt8]("\r\n"), limit: 40), DelimiterFramer([UInt8]("aab"), limit: 40),
            FixedFramer(byteCount: 7),
        ] + lengthFramers(limit: 40)

    private static func lengthFramers(limit: Int) -> [any ByteFramer] {
        LengthFramer.Width.allCases.flatMap { width in
            [ByteOrder.bigEndian, .littleEndian].flatMap { order in
                [false, true].map { LengthFramer(width, order, countsItself: $0, limit: limit) }
            }
        }
    }

    @Test(arguments: encoders.indices)
    func `what is encoded is decoded, and what can't be is refused and leaves nothing behind`(_ index: Int) throws {
        let framer = Self.encoders[index]
        var generator = SeededGenerator(seed: UInt64(index))
        let alphabet = [UInt8]("aab\r\n,:0")
        var buffer = ByteBuffer()
        var sent: [[UInt8]] = []
        for round in 0..<2000 {
            let length = Int.random(in: 0...(round.isMultiple(of: 2) ? 8 : 42), using: &generator)
            let payload = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let before = buffer.count
            do throws(FramingError) {
                try framer.encode(payload, into: &buffer)
                sent.append(payload)
            } catch {
                #expect(buffer.count == before)
                if length > 40 { #expect(error.reason == .tooLong(limit: framer is FixedFramer ? 7 : 40)) }
            }
        }
        #expect(sent.count > 100)
        #expect(Decoding(framer, Chunking.random(buffer.take(buffer.count), largest: 30, &generator)).frames == sent)
    }

    @Test(arguments: encoders.indices)
    func `random bytes never trap, and how they are cut makes no difference`(_ index: Int) {
        let framer = Self.encoders[index]
        var generator = SeededGenerator(seed: 100 + UInt64(index))
        var errors = 0
        for round in 0..<1500 {
            // Plain noise, and noise of what the rules are made of.
            let alphabet = round % 3 == 0 ? Array(0...255) : [UInt8]("\0\0\u{1}\u{5}aab\r\n\r\n012:,,")
            let length = Int.random(in: 0...60, using: &generator)
            let stream = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let whole = Decoding(framer, [stream])
            #expect(Decoding(framer, stream.map { [$0] }) == whole)
            #expect(Decoding(framer, Chunking.random(stream, largest: 9, &generator)) == whole)
            errors += whole.error == nil ? 0 : 1
        }
        #expect(errors > 10)
    }

    @Test func `a length that its width can't hold is not sent`() throws {
        var buffer = ByteBuffer()
        let payload = [UInt8](repeating: 7, count: 256)
        let (plain, inclusive) = (LengthFramer(.bits8), LengthFramer(.bits8, countsItself: true))
        #expect(throws: FramingError("frame with length", .tooLong(limit: 255))) {
            try plain.encode(payload, into: &buffer)
        }
        #expect(throws: FramingError("frame with length", .tooLong(limit: 254))) {
            try inclusive.encode(payload.dropLast(), into: &buffer)
        }
        #expect(buffer.count == 0)
        try plain.encode(payload.dropLast(), into: &buffer)
        try inclusive.encode(payload.dropLast(2), into: &buffer)
        #expect(buffer.count == 511 && buffer[0] == 255 && buffer[256] == 255)
        let wide = LengthFramer(.bits16, countsItself: true, limit: .max)
        #expect(throws: FramingError("frame with length", .tooLong(limit: 65_533))) {
            try wide.encode([UInt8](repeating: 7, count: 65_534), into: &buffer)
        }
    }

    @Test func `an answer can be encoded after a violation`() throws {
        var framer = LineFramer(limit: 3)
        var buffer = ByteBuffer("four\n".utf8)
        #expect(throws: FramingError.self) { try framer.next(in: &buffer) }
        var answer = ByteBuffer()
        try framer.encode("500".utf8, into: &answer)
        #expect(answer.text(0..<4) == "500\n")
    }

    @Test func `errors tell their story in one line`() {
        #expect(FramingError("line", .tooLong(limit: 16_384)).description == "line: longer than 16384 bytes")
        #expect(FramingError("netstring", .malformed("no")).description == "netstring: no")
        #expect(FramingError("x", .truncated(have: 3, of: 9)).description == "x: the stream ended after 3 of 9 bytes")
        let unknown = FramingError("x", .truncated(have: 3, of: nil))
        #expect(unknown.description == "x: the stream ended after 3 bytes, before the frame did")
    }
}
