// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing
import Wire

/// Counts what was reported.
final class Failures: Sendable {
    private let number = Mutex(0)
    func note() { number.withLock { $0 += 1 } }
    var count: Int { number.withLock { $0 } }
}

@Suite struct FramedConnectionTests {
    private static let payloads: [[UInt8]] = [
        Array("first".utf8), [0x2C, 0x3A, 0x30], [UInt8](repeating: 0x61, count: 9000), Array("last".utf8),
    ]

    // B-TW-17: netstrings, lengths of every width, delimiters, lines
    @Test(arguments: Carrier.allCases)
    func `frames arrive as they were sent, over whatever carries them`(carrier: Carrier) async throws {
        let framers: [any ByteFramer] = [
            NetstringFramer(), LengthFramer(.bits16), LengthFramer(.bits32, .littleEndian, countsItself: true),
            LengthFramer(.bits64), DelimiterFramer([0, 1, 0]), LineFramer(ending: .crlf),
        ]
        for framer in framers { try await Self.exchange(framer, Self.payloads, over: carrier) }
        try await Self.exchange(FixedFramer(byteCount: 3), [[1, 2, 3], [4, 5, 6]], over: carrier)
        try await Self.exchange(LengthFramer(.bits8, limit: 255), [[], [7], []], over: carrier)
    }

    private static func exchange(
        _ framer: some ByteFramer, _ payloads: [[UInt8]], over carrier: Carrier
    ) async throws {
        try await carrier.withEnds { first, second in
            async let sent: Void = {
                let sender = first.frames(framer)
                for payload in payloads { try await sender.send(payload) }
                try await first.shutdownSending()
            }()
            var received: [[UInt8]] = []
            for try await frame in second.frames(framer) { received.append(frame) }
            #expect(received == payloads)
            try await sent
        }
    }

    @Test func `a frame is lent where it lies`() async throws {
        try await Carrier.pair.withEnds { first, second in
            try await first.frames(NetstringFramer()).send("hello")
            let frames = second.frames(NetstringFramer())
            #expect(try await frames.withNext { $0.byteCount } == 5)
            try await first.shutdownSending()
            #expect(try await frames.withNext { $0.byteCount } == nil)
        }
    }

    // B-AIO-02: what an incomplete read came to
    @Test func `the stream's end within a frame says how much of it came`() async throws {
        try await Carrier.pair.withEnds { first, second in
            try await first.send([0, 0, 0, 9, 1, 2, 3])
            try await first.shutdownSending()
            let frames = second.frames(LengthFramer(.bits32))
            for _ in 1...2 {
                let error = await frameError { _ = try await frames.next() }
                #expect(error == .framing(.init("frame with length", .truncated(have: 7, of: 13))))
            }
            #expect(try await second.takeUnread() == [0, 0, 0, 9, 1, 2, 3])
        }
    }

    @Test func `after a violation reading stays dead, and sending works`() async throws {
        try await Carrier.pair.withEnds { first, second in
            try await first.send("no netstring,2:ok,")
            let frames = second.frames(NetstringFramer())
            let error = await frameError { _ = try await frames.next() }
            #expect(error?.framingError != nil)
            #expect("\(try #require(error))".hasPrefix("netstring: "))
            try await first.send("2:ok,")
            #expect(await frameError { _ = try await frames.next() } == error)
            try await frames.send("what?")
            #expect(try await first.frames(NetstringFramer()).next() == Array("what?".utf8))
        }
    }

    @Test func `what can't be a frame is refused, and nothing of it is sent`() async throws {
        try await Carrier.pair.withEnds { first, second in
            let frames = first.frames(LengthFramer(.bits16, limit: 4))
            let error = await frameError { try await frames.send("hello") }
            #expect(error == .framing(.init("frame with length", .tooLong(limit: 4))))
            try await frames.send("fine")
            #expect(try await second.receive(upTo: 100) == [0, 4] + Array("fine".utf8))
        }
    }

    // B-TW-17: setRawMode, setLineMode
    @Test(arguments: Carrier.allCases)
    func `the protocol can change in the middle of what came, and nothing is lost`(carrier: Carrier) async throws {
        try await carrier.withEnds { peer, connection in
            try await peer.send("LENGTH 5\r\nhello3:abc,a|b;rest of it")
            #expect(try await connection.lines.next() == "LENGTH 5")
            #expect(try await connection.read(exactly: 5) == Array("hello".utf8))
            #expect(try await connection.frames(NetstringFramer()).next() == Array("abc".utf8))
            #expect(try await connection.read(untilAnyOf: [[0x3B], [0x7C]]) == Array("a|".utf8))
            #expect(try await connection.read(until: [0x3B]) == Array("b;".utf8))
            #expect(try await connection.receive(upTo: 4) == Array("rest".utf8))
            if let lease = try await connection.receive() { #expect(lease.array == Array(" of it".utf8)) }
            try await peer.send("more")
            #expect(try await connection.receive(upTo: 100) == Array("more".utf8))
            #expect(try await connection.takeUnread() == [])
        }
    }

    @Test func `a reader whose bytes another one took begins again`() async throws {
        try await Carrier.pair.withEnds { peer, connection in
            let lines = connection.lines.within(.milliseconds(20))
            try await peer.send("no end yet")
            #expect(await frameError { _ = try await lines.next() }?.connectionError?.reason == .timedOut)
            #expect(try await connection.receive(upTo: 100) == Array("no end yet".utf8))
            try await peer.send("a\nb\n")
            #expect(try await lines.next() == "a")
            #expect(try await lines.next() == "b")
        }
    }

    // Law 3
    @Test(arguments: Carrier.allCases)
    func `a second reader gets busy, and takes nothing from the first`(carrier: Carrier) async throws {
        try await carrier.withEnds { peer, connection in
            try await peer.send("beginning ")
            async let line = connection.lines.next()
            try await until { try await connection.waitsWithinFrame }
            #expect(await reason { _ = try await connection.receive(upTo: 1) } == .busy)
            #expect(await reason { _ = try await connection.receive() } == .busy)
            #expect(await reason { _ = try await connection.read(exactly: 1) } == .busy)
            #expect(await reason { _ = try await connection.read(until: [0x0A]) } == .busy)
            #expect(await reason { _ = try await connection.takeUnread() } == .busy)
            let second = await frameError { _ = try await connection.frames(FixedFramer(byteCount: 1)).next() }
            #expect(second?.connectionError?.reason == .busy)
            // Sending is the other direction.
            try await connection.frames(NetstringFramer()).send("x")
            try await peer.send("and end\n")
            #expect(try await line == "beginning and end")
        }
    }

    // P5: an idle connection has no buffer
    @Test func `an idle framed connection keeps no memory, and one with a little keeps little`() async throws {
        try await Carrier.tcp.withEnds { peer, connection in
            let frames = connection.frames(LengthFramer(.bits32, limit: 1 << 20))
            let sender = peer.frames(LengthFramer(.bits32, limit: 1 << 20))
            async let large: Void = sender.send([UInt8](repeating: 1, count: 1 << 20))
            #expect(try await frames.next()?.count == 1 << 20)
            try await large
            async let second = frames.next()
            try await until { try await connection.isReceiving }
            #expect(try await connection.heldMemory == 0)
            try await peer.send([0, 0, 0, 4, 1])
            try await until { try await connection.waitsWithinFrame }
            #expect(try await connection.heldMemory <= 128)
            try await peer.send([2, 3, 4])
            #expect(try await second == [1, 2, 3, 4])
        }
    }

    @Test func `a task that is cancelled in the middle of a frame leaves it to the next one`() async throws {
        try await Carrier.pair.withEnds { peer, connection in
            try await peer.send("half a ")
            let task = Task { await frameError { _ = try await connection.lines.next() } }
            try await until { try await connection.waitsWithinFrame }
            task.cancel()
            #expect(await task.value?.connectionError?.reason == .cancelled)
            try await peer.send("line\n")
            #expect(try await connection.lines.next() == "half a line")
        }
    }
}

@Suite struct ReadingTests {
    // B-AIO-02: readexactly, IncompleteReadError
    @Test(arguments: Carrier.allCases)
    func `exactly so many bytes come, or an error that says how many there were`(carrier: Carrier) async throws {
        try await carrier.withEnds { peer, connection in
            async let five = connection.read(exactly: 5)
            for byte in "hello".utf8 { try await peer.send([byte]) }
            #expect(try await five == Array("hello".utf8))
            #expect(try await connection.read(exactly: 0) == [])
            try await peer.send("abc")
            try await peer.shutdownSending()
            #expect(await reason { _ = try await connection.read(exactly: 4) } == .ended(after: 3, of: 4))
            #expect(try await connection.read(exactly: 3) == Array("abc".utf8))
            #expect(await reason { _ = try await connection.read(exactly: 1) } == .ended(after: 0, of: 1))
            guard case .invalid = await reason({ _ = try await connection.read(exactly: -1) }) else {
                Issue.record("a negative count was taken")
                return
            }
        }
    }

    // B-AIO-02: readuntil with a tuple, LimitOverrunError
    @Test func `of several delimiters the one that ends first counts`() async throws {
        try await Carrier.pair.withEnds { peer, connection in
            try await peer.send("one\r\ntwo\n\nthree")
            let ends: [[UInt8]] = [Array("\r\n".utf8), Array("\n\n".utf8)]
            #expect(try await connection.read(untilAnyOf: ends) == Array("one\r\n".utf8))
            #expect(try await connection.read(untilAnyOf: ends) == Array("two\n\n".utf8))
            try await peer.shutdownSending()
            #expect(try await connection.read(untilAnyOf: ends) == Array("three".utf8))
            #expect(try await connection.read(untilAnyOf: ends) == nil)
        }
    }

    @Test func `a delimiter is found wherever it is cut, and not beyond the limit`() async throws {
        try await Carrier.pair.withEnds { peer, connection in
            async let found = connection.read(until: [1, 2, 3], maximumLength: 4)
            for byte: UInt8 in [9, 1, 2, 9, 1, 2, 3, 7, 7] { try await peer.send([byte]) }
            #expect(try await found == [9, 1, 2, 9, 1, 2, 3])
            try await peer.send([7, 7, 7, 1, 2, 3])
            let error = await reason { _ = try await connection.read(until: [1, 2, 3], maximumLength: 4) }
            #expect(error == .tooLong(4))
            #expect(try await connection.read(until: [1, 2, 3], maximumLength: 5) == [7, 7, 7, 7, 7, 1, 2, 3])
        }
    }
}

extension Connection {
    /// Whether a task has the beginning of a frame and waits for the rest.
    var waitsWithinFrame: Bool {
        get async throws {
            try await loop.run { [self] () throws(SocketError) in
                unread.isAwaited && !unread.bytes.isEmpty
            }
        }
    }

    /// How much memory the connection has for unread bytes.
    var heldMemory: Int {
        get async throws {
            try await loop.run { [self] () throws(SocketError) in unread.bytes.capacity }
        }
    }
}
