// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Wire

@Suite(.blocking) struct RESPTests {
    private static let values: [(RESPValue, String)] = [
        (.simple("OK"), "+OK\r\n"), (.simple(""), "+\r\n"), (.error("ERR no"), "-ERR no\r\n"),
        (.integer(0), ":0\r\n"), (.integer(.max), ":9223372036854775807\r\n"),
        (.integer(.min), ":-9223372036854775808\r\n"),
        (.bulk([]), "$0\r\n\r\n"), (.bulk(nil), "$-1\r\n"), (.bulk([UInt8]("a\r\nb")), "$4\r\na\r\nb\r\n"),
        (.array([]), "*0\r\n"), (.array(nil), "*-1\r\n"),
        (.command("GET", "key"), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"),
        (
            .array([.array([.integer(1), .array([])]), .bulk(nil), .array([.simple("x")])]),
            "*3\r\n*2\r\n:1\r\n*0\r\n$-1\r\n*1\r\n+x\r\n"
        ),
    ]

    /// What a framer makes of a stream, and the error that ends it.
    private func read(_ pieces: [[UInt8]], _ framer: RESPFramer = RESPFramer()) -> ([RESPValue], FramingError?) {
        var (framer, values) = (framer, [RESPValue]())
        var buffer = ByteBuffer()
        do throws(FramingError) {
            for piece in pieces {
                buffer.append(contentsOf: piece)
                while let value = try framer.next(in: &buffer) { values.append(value) }
            }
            while let value = try framer.finish(in: &buffer) { values.append(value) }
        } catch {
            return (values, error)
        }
        return (values, nil)
    }

    @Test func `every value is written as the protocol has it, and read again at every cut`() throws {
        var all: [UInt8] = []
        var buffer = ByteBuffer()
        for (value, text) in Self.values {
            var one = ByteBuffer()
            try value.encode(into: &one)
            #expect(one.text(0..<one.count) == text)
            try RESPFramer().encode(value, into: &buffer)
            all += [UInt8](text)
        }
        #expect(buffer.array(0..<buffer.count) == all)
        for pieces in Chunking.thorough(all) {
            let (values, error) = read(pieces)
            #expect(error == nil)
            #expect(values == Self.values.map(\.0))
        }
    }

    @Test(arguments: [
        "x", "OK\r\n", "+OK\n", "+a\rb\r\n", ":\r\n", ":1a\r\n", ":+1\r\n", ": 1\r\n", ":--1\r\n", ":-\r\n",
        ":9223372036854775808\r\n", ":12345678901234567890123", "$-2\r\n", "$x\r\n", "$1\r\nab\r\n", "$1\r\na\n\n",
        "*-2\r\n", "*x\r\n", "*1\r\nx", "*2\r\n:1\r\n$-5\r\n", "\r\n", "*3\rxx\r10995116277760000000\n",
    ])
    func `bytes that are no value are refused at every cut, for good`(text: String) throws {
        let whole = read([[UInt8](text)])
        for pieces in Chunking.thorough([UInt8](text)) {
            let (values, error) = read(pieces)
            #expect(values.isEmpty && error == whole.1)
            guard case .malformed = error?.reason else {
                Issue.record("\(text.debugDescription): \(String(describing: error))")
                continue
            }
        }
        var framer = RESPFramer()
        var buffer = ByteBuffer([UInt8](text))
        let first = #expect(throws: FramingError.self) { try framer.next(in: &buffer) }
        buffer.append(contentsOf: "\r\n+OK\r\n".utf8)
        let second = #expect(throws: FramingError.self) { try framer.next(in: &buffer) }
        #expect(first == second)
    }

    @Test func `limits hold exactly`() throws {
        let small = RESPFramer(limit: 20, maximumCount: 4, maximumDepth: 2)
        #expect(read([[UInt8]("$13\r\n0123456789abc\r\n")], small).0 == [.bulk([UInt8]("0123456789abc"))])
        for text in [
            "$14\r\n0123456789abcd\r\n", "$21", "+\(String(repeating: "x", count: 30))", "$99999999999\r\n",
            "*2\r\n+0123456789\r\n+a\r\n",
        ] {
            let (values, error) = read([[UInt8](text)], small)
            let isCut = text == "$21"
            #expect(values.isEmpty && error?.reason == (isCut ? .truncated(have: 3, of: nil) : .tooLong(limit: 20)))
        }
        let longest = [UInt8]("*2\r\n:1\r\n$\(Int64.max)\r\n")
        #expect(read([longest], RESPFramer(limit: .max)).1?.reason == .tooLong(limit: .max))
        #expect(read([[UInt8]("*3\r\n:1\r\n:2\r\n:3\r\n")], small).0.count == 1)
        for text in ["*4\r\n", "*9999999999999\r\n", "*2\r\n*2\r\n:1\r\n:2\r\n", "*1\r\n*1\r\n*1\r\n"] {
            guard case .malformed = read([[UInt8](text)], small).1?.reason else {
                Issue.record("\(text.debugDescription) is within no limit")
                continue
            }
        }
        var buffer = ByteBuffer()
        #expect(throws: FramingError("RESP", .tooLong(limit: 20))) {
            try small.encode(.bulk([UInt8](repeating: 0, count: 14)), into: &buffer)
        }
        #expect(buffer.count == 0)
        #expect(throws: FramingError.self) { try RESPValue.array([.simple("a\r\nb")]).encode(into: &buffer) }
        #expect(buffer.count == 0)
    }

    @Test func `a stream that ends within a value says so`() {
        for cut in 1..<22 {
            let text = "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"
            #expect(read([Array([UInt8](text).prefix(cut))]).1?.reason == .truncated(have: cut, of: nil))
        }
    }

    // P2
    @Test func `mutated streams never trap, and are read alike at every cut`() throws {
        var generator = SeededGenerator(seed: 6379)
        let samples = Self.values.map { [UInt8]($0.1) }
        for _ in 0..<repetitions(3_000, soak: 10_000_000) {
            var bytes = (0..<3).flatMap { _ in samples.randomElement(using: &generator) ?? [] }
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = [UInt8]("*$+-:\r\n0129x").randomElement(using: &generator) ?? 0
            }
            let whole = read([bytes])
            let cut = read(Chunking.random(bytes, largest: 5, &generator))
            #expect(whole.0 == cut.0)
            #expect(whole.1 == cut.1)
        }
    }

    @Test func `many small pieces of a long value take linear time`() {
        let count = 20_000
        let bytes =
            [UInt8]("*9000\r\n" + String(repeating: ":1\r\n", count: 9000)) + [UInt8]("$\(count)\r\n")
            + [UInt8](repeating: 0x78, count: count) + [UInt8]("\r\n")
        let (values, error) = read(bytes.map { [$0] })
        #expect(values.count == 2 && error == nil)
    }
}
