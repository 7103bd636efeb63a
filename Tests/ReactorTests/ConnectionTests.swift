// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Two connected ends of every kind that the engine has, on a loop of their own.
enum Carrier: CaseIterable, Sendable {
    case pair, tcp, unix

    func withEnds(
        _ ground: Ground = .epoll, _ body: @escaping @Sendable (Connection, Connection) async throws -> Void
    ) async throws {
        try await ground.run { loop in
            if self == .pair {
                let (first, second) = try await Connection.pair(on: loop)
                try await body(first, second)
                first.close()
                second.close()
            } else {
                try await withServedEnds(on: loop, body)
            }
        }
    }

    private func withServedEnds(
        on loop: EventLoop?, _ body: @escaping @Sendable (Connection, Connection) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        // An address of its own: other tests knock at ports of 127.0.0.1 that were free a moment ago.
        let endpoint = self == .tcp ? "127.0.0.2:0" : "unix:\(directory.file("s"))"
        let accepted = Handover()
        let server = try await Server(on: endpoint, loop: loop) { connection in
            await accepted.give(connection)
            await accepted.waitUntilDone()
        }
        let running = start { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first), on: loop) { client in
            let served = await accepted.take()
            do { try await body(client, served) } catch {
                await accepted.done()
                throw error
            }
            await accepted.done()
        }
        server.drain()
        try await running.value
    }
}

/// Hands a connection from the server's handler to the test, and keeps the handler until the test is done.
private actor Handover {
    private var connection: Connection?
    private var taker: CheckedContinuation<Connection, Never>?
    private var isDone = false
    private var waiter: CheckedContinuation<Void, Never>?

    func give(_ connection: Connection) {
        if let taker {
            self.taker = nil
            taker.resume(returning: connection)
        } else {
            self.connection = connection
        }
    }

    func take() async -> Connection {
        if let connection { return connection }
        return await withCheckedContinuation { taker = $0 }
    }

    func done() {
        isDone = true
        waiter?.resume()
    }

    func waitUntilDone() async {
        if isDone { return }
        await withCheckedContinuation { waiter = $0 }
    }
}

/// Waits until something is so: other tasks run in between. Ends the test if it never is.
func until(_ condition: @Sendable () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    // Beside tests that block the pool's threads a single look may take half a minute: a few say nothing.
    var looks = 0
    while try await !condition() {
        looks += 1
        try #require(looks < 1000 || ContinuousClock.now < deadline, "it never came true")
        // A loop has others to run meanwhile, and in memory its clock must not move. Others need the pool's threads.
        if looks < 10 || EventLoop.running != nil {
            await Task.yield()
        } else {
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// Waits until nobody listens at an address: a program that another test starts at this moment has a copy of each
/// descriptor, until it really starts.
func untilRefused(at address: SocketAddress, on loop: EventLoop? = nil) async throws {
    try await until {
        await reason { try await withConnection(to: address, on: loop) { _ in } } == .system(.connectionRefused)
    }
}

extension Connection {
    /// Whether a task waits to receive.
    var isReceiving: Bool {
        get async throws {
            await reason { [self] in try await loop.run { () throws(SocketError) in _ = try transport.waitToReceive() }
            }
                == .busy
        }
    }

    /// Whether a task waits to send.
    var isSending: Bool {
        get async throws {
            await reason { [self] in try await loop.run { () throws(SocketError) in _ = try transport.waitToSend() } }
                == .busy
        }
    }
}

func reason(_ body: () async throws -> Void) async -> SocketError.Reason? {
    do {
        try await body()
        return nil
    } catch { return (error as? SocketError)?.reason }
}

@Suite(.blocking) struct ConnectionTests {
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `bytes arrive in order, and the end is nil for good`(carrier: Carrier, ground: Ground) async throws {
        try await carrier.withEnds(ground) { first, second in
            try await first.send("one ")
            try await first.send([0x74, 0x77, 0x6F])
            try await first.shutdownSending()
            var bytes: [UInt8] = []
            while let received = try await second.receive() {
                #expect(received.count > 0)
                bytes += received.array
            }
            #expect(bytes == Array("one two".utf8))
            #expect(try await second.receive(upTo: 10) == nil)
            try await second.send("answer")
            #expect(try await first.receive(upTo: 3) == Array("ans".utf8))
            #expect(try await first.receive(upTo: 100) == Array("wer".utf8))
        }
    }

    // P11, P12: sixteen mebibytes through a reader that takes its time
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `a large transfer is whole in both directions at once`(carrier: Carrier, ground: Ground)
        async throws
    {
        let bytes = (0..<4 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 11) }
        try await carrier.withEnds(ground) { first, second in
            @Sendable func collect(_ connection: Connection) async throws -> [UInt8] {
                var all: [UInt8] = []
                while all.count < bytes.count, let received = try await connection.receive() { all += received.array }
                return all
            }
            async let there = collect(second)
            async let back = collect(first)
            async let sentThere: Void = first.send(bytes)
            async let sentBack: Void = second.send(bytes)
            _ = try await (sentThere, sentBack)
            #expect(try await there == bytes)
            #expect(try await back == bytes)
        }
    }

    // Law 3
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `a second reader is told that the first one is busy`(carrier: Carrier, ground: Ground) async throws {
        try await carrier.withEnds(ground) { first, second in
            async let waiting = first.receive(upTo: 10)
            // The other reader must be in its wait before the second one comes.
            try await until { try await first.isReceiving }
            #expect(await reason { _ = try await first.receive(upTo: 1) } == .busy)
            #expect(await reason { _ = try await first.receive() } == .busy)
            try await second.send("x")
            #expect(try await waiting == [0x78])
        }
    }

    // Law 4
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `closing wakes who waits, from any thread, and twice is once`(carrier: Carrier, ground: Ground) async throws {
        try await carrier.withEnds(ground) { first, second in
            async let outcome = reason { _ = try await first.receive(upTo: 10) }
            try await until { try await first.isReceiving }
            first.close()
            first.close()
            #expect(await outcome == .closed)
            #expect(await reason { try await first.send("x") } == .closed)
            #expect(try await second.receive(upTo: 1) == nil)
        }
    }

    // Law 1: a child that is cancelled alone wakes
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `a child task that is cancelled alone wakes, and the connection lives on`(carrier: Carrier, ground: Ground)
        async throws
    {
        try await carrier.withEnds(ground) { first, second in
            let child = start { await reason { _ = try await first.receive(upTo: 10) } }
            try await until { try await first.isReceiving }
            child.cancel()
            #expect(try await child.value == .cancelled)
            try await second.send("alive")
            #expect(try await first.receive(upTo: 10) == Array("alive".utf8))
        }
    }

    @Test(arguments: Ground.allCases)
    func `a task that is cancelled already does not wait`(ground: Ground) async throws {
        try await Carrier.pair.withEnds(ground) { first, _ in
            let task = start {
                withUnsafeCurrentTask { $0?.cancel() }
                return await reason { _ = try await first.receive(upTo: 10) }
            }
            let outcome = try await task.value
            #expect(outcome == .cancelled)
        }
    }

    // Deadlines
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `a read deadline ends the wait and nothing else`(carrier: Carrier, ground: Ground) async throws {
        try await carrier.withEnds(ground) { first, second in
            first.readDeadline = first.loop.timeNow.advanced(by: .milliseconds(20))
            let deadline = first.readDeadline
            #expect(await reason { _ = try await first.receive(upTo: 10) } == .timedOut)
            #expect(first.loop.timeNow >= deadline)
            first.readDeadline = .never
            try await second.send("late")
            #expect(try await first.receive(upTo: 10) == Array("late".utf8))
        }
    }

    // B-AIO-15: timeout, timeout_at
    @Test(arguments: Ground.allCases)
    func `of nested deadlines the earliest counts, wherever it stands`(ground: Ground) async throws {
        try await Carrier.pair.withEnds(ground) { first, second in
            for (outer, inner) in [
                (Duration.milliseconds(20), Duration.seconds(60)), (.seconds(60), .milliseconds(20)),
            ] {
                let begin = ContinuousClock.now
                let outcome = await reason {
                    try await withDeadline(outer) {
                        try await withDeadline(.seconds(90)) {
                            try await withDeadline(inner) { _ = try await first.receive(upTo: 1) }
                        }
                    }
                }
                #expect(outcome == .timedOut)
                #expect(ContinuousClock.now - begin < .seconds(30))
            }
            try await second.send("x")
            #expect(try await withDeadline(.seconds(60)) { try await first.receive(upTo: 1) } == [0x78])
        }
    }

    @Test(arguments: Ground.allCases)
    func `a write deadline ends a send to a peer that never reads`(ground: Ground) async throws {
        try await Carrier.tcp.withEnds(ground) { first, _ in
            first.writeDeadline = first.loop.timeNow.advanced(by: .milliseconds(50))
            #expect(await reason { try await first.send([UInt8](repeating: 0, count: 64 << 20)) } == .timedOut)
        }
    }

    @Test(arguments: [Carrier.tcp, .unix], Ground.allCases)
    func `a peer that throws the connection away breaks it`(carrier: Carrier, ground: Ground) async throws {
        try await carrier.withEnds(ground) { first, second in
            try await first.send("unread")
            second.abort()
            let outcome = await reason { while try await first.receive(upTo: 10) != nil {} }
            #expect(outcome == .broken(.connectionReset))
            #expect(first.peer != nil || carrier == .unix)
        }
    }

    @MainActor
    @Test func `a caller on the main actor is served like any other`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let (first, second) = try await Connection.pair(on: thread.loop)
        try await first.send("from afar")
        let received = try #require(try await second.receive(upTo: 100))
        #expect(received == Array("from afar".utf8))
        try await second.send("lease")
        if let lease = try await first.receive() { #expect(lease.array == Array("lease".utf8)) }
        first.close()
        #expect(try await second.receive(upTo: 1) == nil)
        second.close()
    }

    @Test(arguments: Ground.allCases)
    func `room for nothing is an error and never the end`(ground: Ground) async throws {
        try await Carrier.pair.withEnds(ground) { first, second in
            try await second.send("x")
            for maximum in [0, -1, Int.min] {
                guard case .invalid = await reason({ _ = try await first.receive(upTo: maximum) }) else {
                    Issue.record("\(maximum) was taken")
                    continue
                }
            }
            #expect(try await first.receive(upTo: .max) == [0x78])
        }
    }
}
