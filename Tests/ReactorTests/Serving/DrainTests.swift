// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing
import Wire

/// What a drain ends at once, and what it waits for.
@Suite struct DrainTests {
    /// Long enough that a test which needs it has failed.
    private static let limit = Duration.seconds(600)

    /// A handler's way to wait for something.
    enum Wait: String, CaseIterable, Sendable {
        case echo, receive, receiveInto, receiveUpTo, lines, frames, until, exactly

        /// Waits once more than there is something to receive.
        func run(_ connection: Connection) async throws {
            connection.endsWhenDrained = true
            switch self {
            case .echo: try await connection.echo()
            case .receive: while try await connection.receive() != nil {}
            case .receiveUpTo: while try await connection.receive(upTo: 10) != nil {}
            case .lines: for try await _ in connection.lines {}
            case .frames: for try await _ in connection.frames(LengthFramer(.bits8, limit: 255)) {}
            case .until: while try await connection.read(until: [0x0A]) != nil {}
            case .receiveInto: _ = try await connection.receiveIntoMemory()
            case .exactly:
                #expect(await reason { _ = try await connection.read(exactly: 4) } == .ended(after: 0, of: 4))
            }
        }
    }

    // P22
    @Test(arguments: Wait.allCases, Ground.allCases)
    func `a client between two messages holds nobody up`(wait: Wait, ground: Ground) async throws {
        try await ground.run { loop in
            let ended = Mutex(false)
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                try await wait.run(connection)
                // Not by the hard stop, which throws.
                ended.withLock { $0 = true }
            }
            let running = start { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { client in
                try await until { server.connectionCount == 1 }
                server.drain(within: Self.limit)
                #expect(try await client.receive(upTo: 1) == nil)
            }
            try await running.value
            #expect(ended.withLock { $0 })
        }
    }

    @Test(arguments: Ground.allCases)
    func `a line that has begun is waited for and answered, and then it is over`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                connection.endsWhenDrained = true
                for try await line in connection.lines { try await connection.send("<\(line)>\n") }
            }
            let running = start { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { client in
                try await client.send("one\nha")
                #expect(try await client.lines.next() == "<one>")
                server.drain(within: Self.limit)
                try await client.send("lf\nwhole\n")
                #expect(try await client.lines.next() == "<half>")
                #expect(try await client.lines.next() == "<whole>")
                #expect(try await client.lines.next() == nil)
            }
            try await running.value
        }
    }

    @Test(arguments: Ground.allCases)
    func `what has come before the drain is answered`(ground: Ground) async throws {
        try await ground.run { loop in
            let draining = Mutex<Server?>(nil)
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                connection.endsWhenDrained = true
                for try await line in connection.lines {
                    draining.withLock { $0 }?.drain(within: Self.limit)
                    try await connection.send("<\(line)>\n")
                }
            }
            draining.withLock { $0 = server }
            let running = start { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { client in
                try await client.send("one\ntwo\nthree\n")
                for word in ["one", "two", "three"] { #expect(try await client.lines.next() == "<\(word)>") }
                #expect(try await client.lines.next() == nil)
            }
            try await running.value
        }
    }

    // P22
    @Test(arguments: [Ground.epoll, .poll, .select])
    func `what the system has before the drain, and has not announced yet, is answered too`(ground: Ground) async throws
    {
        try await withLoop(of: ground) { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                connection.endsWhenDrained = true
                for try await line in connection.lines { try await connection.send("<\(line)>\n") }
            }
            let running = start { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first), on: loop) { client in
                try await client.send("one\n")
                #expect(try await client.lines.next() == "<one>")
                // One step of the loop: it can't have looked for news in between.
                let sent = try await loop.run { () throws(SocketError) in
                    defer { server.drain(within: Self.limit) }
                    return try client.sendNow("ha".utf8Span.span.bytes)
                }
                #expect(sent == 2)
                try await client.send("lf\n")
                #expect(try await client.lines.next() == "<half>")
                #expect(try await client.lines.next() == nil)
            }
            try await running.value
        }
    }

    // P22
    @Test(arguments: Ground.allCases, [false, true])
    func `all that has come before the drain is received, however much, in small pieces or at a rate`(
        ground: Ground, isThrottled: Bool
    ) async throws {
        try await ground.run { loop in
            let all = isThrottled ? 300 : 10_000
            let received = Mutex(0)
            let draining = Mutex<Server?>(nil)
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                let rate = Throttle(bytesPerSecond: 2000, burst: 50)
                let connection = isThrottled ? try await connection.throttled(receiving: rate) : connection
                connection.endsWhenDrained = true
                while let piece = try await connection.receive(upTo: 7) {
                    if received.withLock({ $0 }) == 0 {
                        // All of it is here.
                        try await connection.loop.sleep(for: .milliseconds(20))
                        draining.withLock { $0 }?.drain(within: Self.limit)
                    }
                    received.withLock { $0 += piece.count }
                }
            }
            draining.withLock { $0 = server }
            let running = start { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { client in
                try await client.send([UInt8](repeating: 7, count: all))
                #expect(try await client.receive(upTo: 1) == nil)
            }
            try await running.value
            #expect(received.withLock { $0 } == all)
        }
    }

    @Test(arguments: Ground.allCases)
    func `a request of several messages is not cut in the middle`(ground: Ground) async throws {
        try await ground.run { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                connection.endsWhenDrained = true
                while let head = try await connection.lines.next() {
                    connection.endsWhenDrained = false
                    try await connection.send("go on\n")
                    let body = try await connection.lines.next() ?? "cut"
                    try await connection.send("<\(head) \(body)>\n")
                    connection.endsWhenDrained = true
                }
            }
            let running = start { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { client in
                try await client.send("head\n")
                #expect(try await client.lines.next() == "go on")
                server.drain(within: Self.limit)
                try await until {
                    await reason { try await withConnection(to: try #require(client.peer)) { _ in } }
                        == .system(.connectionRefused)
                }
                try await client.send("body\n")
                #expect(try await client.lines.next() == "<head body>")
                #expect(try await client.lines.next() == nil)
            }
            try await running.value
        }
    }

    @Test(arguments: Ground.allCases)
    func `a graceful close waits for its peer all the same`(ground: Ground) async throws {
        try await ground.run { loop in
            let closed = Mutex<Bool?>(nil)
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                try await connection.echo()
                try await connection.send("bye\n")
                try await connection.close(within: Self.limit)
                closed.withLock { $0 = true }
            }
            let running = start { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { client in
                try await until { server.connectionCount == 1 }
                server.drain(within: Self.limit * 2)
                #expect(try await client.lines.next() == "bye")
                try await client.send("not read by anybody\n")
                #expect(closed.withLock { $0 } == nil)
                #expect(try await client.lines.next() == nil)
            }
            try await running.value
            #expect(closed.withLock { $0 } == true)
        }
    }
}

extension Connection {
    /// Everything that comes, by way of a buffer of its own: how much it was.
    fileprivate nonisolated(nonsending) func receiveIntoMemory() async throws -> Int {
        var count = 0
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
        defer { memory.deallocate() }
        while true {
            var output = OutputRawSpan(buffer: memory, initializedCount: 0)
            guard let received = try await receive(into: &output) else { return count }
            count += received
        }
    }
}
