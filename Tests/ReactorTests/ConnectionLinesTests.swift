// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import TestSupport
import Testing
import Wire

/// The reason for which reading frames ended, in either half of the error.
func frameError(_ body: () async throws -> Void) async -> FrameError? {
    do {
        try await body()
        return nil
    } catch { return error as? FrameError }
}

@Suite struct ConnectionLinesTests {
    // The line server and the client of the usage page, B-AIO-02
    @Test func `a line server answers each line, and a client reads one line`() async throws {
        let server = try await Server(on: "127.0.0.2:0") { connection in
            for try await line in connection.lines(maximumLength: 512).within(.seconds(30)) {
                try await connection.send("[\(CTime(secondsSinceEpoch: 0).utcDescription)] \(line)\r\n")
            }
        }
        let running = Task { try await server.run() }
        let lines = try await withConnection(to: try #require(server.addresses.first), timeout: .seconds(5)) {
            try await $0.send("hi\r\nyou\n\nlast")
            try await $0.shutdownSending()
            // A property each time: what came behind the first line must be there for the next one.
            return [
                try await $0.lines.next(), try await $0.lines.next(), try await $0.lines.next(),
                try await $0.lines.next(), try await $0.lines.next() ?? "the server has left",
            ]
        }
        let stamp = "[Thu Jan  1 00:00:00 1970] "
        #expect(lines == [stamp + "hi", stamp + "you", stamp, stamp + "last", "the server has left"])
        server.drain()
        try await running.value
    }

    // P13
    @Test(arguments: ["\n", "\r\n"])
    func `a line of exactly the limit is read, wherever it is cut, and one byte more is refused`(end: String)
        async throws
    {
        try await Carrier.pair.withEnds { peer, connection in
            let line = String(repeating: "x", count: 6)
            let stream = Array((line + end).utf8)
            for cut in 1..<stream.count {
                async let read = connection.lines(maximumLength: 6).next()
                try await peer.send(Array(stream[..<cut]))
                try await until { try await connection.isReceiving }
                try await peer.send(Array(stream[cut...]))
                #expect(try await read == line)
            }
            try await peer.send(line + "y" + end)
            let lines = connection.lines(maximumLength: 6)
            #expect(await frameError { _ = try await lines.next() } == .framing(.init("line", .tooLong(limit: 6))))
        }
    }

    // P13
    @Test func `a line without an end is refused at the limit, and its memory is bounded`() async throws {
        try await Carrier.tcp.withEnds { peer, connection in
            async let flood = reason { try await peer.send([UInt8](repeating: 0x78, count: 8 << 20)) }
            let lines = connection.lines
            let expected = FrameError.framing(.init("line", .tooLong(limit: 16_384)))
            #expect(await frameError { _ = try await lines.next() } == expected)
            // It stays dead, and reads no more.
            #expect(await frameError { _ = try await lines.next() } == expected)
            let held = try await connection.loop.run { () throws(SocketError) in
                connection.unread.bytes.capacity
            }
            #expect(held <= 2 * (16_384 + BufferPool.bufferSize))
            // The other direction still works.
            try await connection.send("line too long\r\n")
            #expect(try await peer.receive(upTo: 100) == Array("line too long\r\n".utf8))
            connection.close()
            #expect(await flood != nil)
        }
    }

    @Test func `many short lines in one go are read in order`() async throws {
        try await Carrier.tcp.withEnds { peer, connection in
            let count = 100_000
            async let sent: Void = {
                try await peer.send((0..<count).map { "\($0)\n" }.joined())
                try await peer.shutdownSending()
            }()
            var expected = 0
            for try await line in connection.lines {
                guard line == "\(expected)" else {
                    Issue.record("\(line) in place of \(expected)")
                    return
                }
                expected += 1
            }
            #expect(expected == count)
            try await sent
        }
    }

    @Test func `bytes that are no UTF-8 become U+FFFD, and the conversation goes on`() async throws {
        try await Carrier.pair.withEnds { peer, connection in
            try await peer.send([0x61, 0xFF, 0x62, 0x0A, 0xC3, 0xA9, 0x0A])
            #expect(try await connection.lines.next() == "a\u{FFFD}b")
            #expect(try await connection.lines.next() == "é")
        }
    }

    @Test func `a line's time begins with the read and ends with its last byte`() async throws {
        try await Carrier.pair.withEnds { peer, connection in
            let lines = connection.lines.within(.milliseconds(60))
            let drip = Task {
                while !Task.isCancelled {
                    try await peer.send("x")
                    try await peer.loop.sleep(for: .milliseconds(5))
                }
            }
            let start = ContinuousClock.now
            let error = await frameError { _ = try await lines.next() }
            #expect(error?.connectionError?.reason == .timedOut)
            #expect(ContinuousClock.now - start >= .milliseconds(59))
            drip.cancel()
            _ = await drip.result
            // What had come is still there, for this reader and for others.
            try await peer.send("y\nnext\n")
            let line = try #require(try await lines.next())
            #expect(line.hasPrefix("x") && line.hasSuffix("xy"))
            #expect(try await connection.lines.next() == "next")
        }
    }

    @Test func `the earliest of a line's time, the task's and the connection's counts`() async throws {
        try await Carrier.pair.withEnds { _, connection in
            let lines = connection.lines.within(.seconds(60))
            let inTask = await frameError {
                _ = try await withDeadline(.milliseconds(20)) { try await lines.next() }
            }
            #expect(inTask?.connectionError?.reason == .timedOut)
            connection.readDeadline = connection.loop.timeNow.advanced(by: .milliseconds(20))
            #expect(await frameError { _ = try await lines.next() }?.connectionError?.reason == .timedOut)
        }
    }

    @Test func `a handler that is cancelled while it waits for a line is no failure`() async throws {
        let failures = Failures()
        let server = try await Server(
            on: "127.0.0.2:0", report: { if case .handlerFailed = $0 { failures.note() } },
            handler: { connection in for try await _ in connection.lines {} })
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { client in
            try await client.send("half a")
            try await until { server.connectionCount == 1 }
            running.cancel()
            // Its end, or a reset where the half line was still on its way.
            _ = try? await client.receive(upTo: 1)
        }
        _ = await running.result
        #expect(failures.count == 0)
    }

    @MainActor
    @Test func `lines are read from the main actor too`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let (first, second) = try await Connection.pair(on: thread.loop)
        try await first.send("from afar\nand on\n")
        #expect(try await second.lines.next() == "from afar")
        var rest: [String] = []
        for try await line in second.lines {
            rest.append(line)
            first.close()
        }
        #expect(rest == ["and on"])
        second.close()
    }

    /// Reads without knowing where the lines come from, as algorithms do.
    private func all(
        _ lines: some AsyncSequence<String, FrameError>, isolation: isolated (any Actor)? = #isolation
    ) async throws(FrameError) -> [String] {
        var all: [String] = []
        for try await line in lines {
            isolation?.assertIsolated()
            all.append(line)
        }
        return all
    }

    @MainActor
    @Test func `whoever reads lines stays where it is, with or without knowing their type`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let (first, second) = try await Connection.pair(on: thread.loop)
        try await first.send("one\ntwo\nthree\n")
        for try await line in second.lines {
            MainActor.assertIsolated()
            #expect(line == "one")
            break
        }
        first.close()
        #expect(try await all(second.lines) == ["two", "three"])
        second.close()
    }

    @Test func `a task of the loop reads lines on its loop`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let (first, second) = try await Connection.pair(on: thread.loop)
        try await Task(executorPreference: thread.loop) {
            try await first.send("one\ntwo\n")
            first.close()
            for try await line in second.lines {
                #expect(thread.loop.isCurrent, "at \(line)")
                if line == "one" { break }
            }
            #expect(try await all(second.lines) == ["two"])
            #expect(thread.loop.isCurrent)
        }.value
        second.close()
    }
}
