// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

// B-TW-18: ThrottlingFactory
@Suite(.blocking) struct ThrottleTests {
    /// Two ends in a network in memory, and how long `body` took by its clock.
    private func time(
        _ body: @escaping @Sendable (Connection, Connection) async throws -> Void
    ) async throws -> Duration {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        return try await network.run(on: host) {
            let (first, second) = try await Connection.pair(on: host.loop)
            let begin = host.loop.timeNow
            try await body(first, second)
            let taken = begin.duration(to: host.loop.timeNow)
            first.close()
            second.close()
            return taken
        }
    }

    @Sendable private static func drain(_ connection: Connection) async throws -> Int {
        var count = 0
        while let received = try await connection.receive() { count += received.count }
        return count
    }

    @Test(arguments: [true, false])
    func `a million bytes at a hundred thousand a second take ten seconds`(isSender: Bool) async throws {
        let taken = try await time { first, second in
            let throttle = Throttle(bytesPerSecond: 100_000, burst: 50_000)
            let sender = isSender ? try await first.throttled(sending: throttle) : first
            let receiver = isSender ? second : try await second.throttled(receiving: throttle)
            async let count = Self.drain(receiver)
            try await sender.send([UInt8](repeating: 1, count: 1_000_000))
            try await sender.shutdownSending()
            #expect(try await count == 1_000_000)
        }
        // The first burst costs no time.
        #expect(taken >= .milliseconds(9_450) && taken < .milliseconds(9_600), "\(taken)")
    }

    @Test func `the other direction is not slowed down`() async throws {
        let taken = try await time { first, second in
            let slow = try await first.throttled(receiving: Throttle(bytesPerSecond: 10))
            async let count = Self.drain(second)
            try await slow.send([UInt8](repeating: 1, count: 1_000_000))
            try await slow.shutdownSending()
            #expect(try await count == 1_000_000)
        }
        #expect(taken < .milliseconds(100))
    }

    @Test func `connections that share a throttle share its rate`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        try await network.run(on: host) {
            let throttle = Throttle(bytesPerSecond: 100_000, burst: 1)
            let begin = host.loop.timeNow
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask(executorPreference: host.loop) {
                        let (first, second) = try await Connection.pair(on: host.loop)
                        let sender = try await first.throttled(sending: throttle)
                        async let count = Self.drain(second)
                        try await sender.send([UInt8](repeating: 1, count: 50_000))
                        first.close()
                        #expect(try await count == 50_000)
                        second.close()
                    }
                }
                try await group.waitForAll()
            }
            let taken = begin.duration(to: host.loop.timeNow)
            #expect(taken >= .seconds(2) - .milliseconds(1) && taken < .milliseconds(2_100), "\(taken)")
        }
    }

    // Laws 1 and 4, and deadlines, while it is the rate that is waited for
    @Test func `a wait for the rate ends by deadline, cancellation and close, and loses nothing`() async throws {
        _ = try await time { first, second in
            let slow = try await second.throttled(receiving: Throttle(bytesPerSecond: 10, burst: 1))
            try await first.send("abc")
            #expect(try await slow.receive(upTo: 10) == [0x61])
            let late = await reason {
                try await withDeadline(.milliseconds(20)) { _ = try await slow.receive(upTo: 1) }
            }
            #expect(late == .timedOut)
            let child = start { await reason { _ = try await slow.receive(upTo: 1) } }
            try await slow.loop.sleep(for: .milliseconds(10))
            #expect(await reason { _ = try await slow.receive(upTo: 1) } == .busy)
            child.cancel()
            #expect(try await child.value == .cancelled)
            #expect(try await slow.receive(upTo: 10) == [0x62])
            let closed = start { await reason { _ = try await slow.receive(upTo: 1) } }
            try await slow.loop.sleep(for: .milliseconds(10))
            // The one that was wrapped: closing it closes what is around it.
            second.close()
            #expect(try await closed.value == .closed)
        }
    }

    @Test func `a server's hard stop ends a wait for the rate`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        try await network.run(on: host) {
            let server = try await Server(on: ":7", loop: host.loop) { connection in
                let slow = try await connection.throttled(sending: Throttle(bytesPerSecond: 1, burst: 1))
                try await slow.send("a long answer")
            }
            let running = start { try await server.run() }
            try await withConnection(to: ":7", on: host.loop) { client in
                #expect(try await client.receive(upTo: 1) == [0x61])
                let begin = host.loop.timeNow
                server.drain(within: .milliseconds(100))
                try await running.value
                #expect(begin.duration(to: host.loop.timeNow) < .milliseconds(200))
            }
        }
    }

    @Test func `a drain reaches a handler that waits by a connection with a policy`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        try await network.run(on: host) {
            let server = try await Server(on: ":7", loop: host.loop) { connection in
                let limited = try await connection.throttled(receiving: Throttle(bytesPerSecond: 1_000_000))
                limited.endsWhenDrained = true
                for try await line in limited.lines { try await limited.send(line + "\n") }
                #expect(limited.isDraining)
            }
            let running = start { try await server.run() }
            try await withConnection(to: ":7", on: host.loop) { client in
                try await client.send("one\n")
                #expect(try await client.receive(upTo: 9) == Array("one\n".utf8))
                let begin = host.loop.timeNow
                server.drain(within: .seconds(20))
                try await running.value
                #expect(begin.duration(to: host.loop.timeNow) < .seconds(1))
            }
        }
    }

    @Test func `a file that the kernel sends is counted, and made up for`() async throws {
        let directory = try TemporaryDirectory()
        let file = try FileDescriptor.open(
            directory.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
        defer { try? file.close() }
        try file.writeAll([UInt8](repeating: 7, count: 1000))
        try await Carrier.tcp.withEnds(.epoll) { first, second in
            // Fast enough for a test, and too slow for it to pass unseen.
            let throttle = Throttle(bytesPerSecond: 20_000, burst: 400)
            let slow = try await first.throttled(sending: throttle)
            let begin = first.loop.timeNow
            #expect(try await slow.sendFile(file) == 1000)
            try await slow.send([8])
            #expect(begin.duration(to: first.loop.timeNow) >= .milliseconds(30))
            #expect(try await second.read(exactly: 1001).last == 8)
        }
    }

    @Test func `what was read ahead goes over to the connection with the policy`() async throws {
        _ = try await time { first, second in
            try await first.send("line\nand more")
            #expect(try await second.lines.next() == "line")
            second.readDeadline = second.loop.timeNow.advanced(by: .seconds(5))
            let throttled = try await second.throttled(receiving: Throttle(bytesPerSecond: 1000)).limited(
                total: .seconds(9))
            #expect(throttled.readDeadline == second.readDeadline && throttled.writeDeadline < .never)
            #expect(try await throttled.receive(upTo: 100) == Array("and more".utf8))
        }
    }

    @Test func `limits end what takes too long, and are never made longer`() async throws {
        _ = try await time { first, second in
            let limited = first.limited(idle: .seconds(2), total: .seconds(3)).limited(
                idle: .seconds(9), total: .seconds(9))
            #expect(limited === first && first.idleLimit == .seconds(2))
            let begin = first.loop.timeNow
            #expect(await reason { _ = try await first.receive() } == .timedOut)
            #expect(begin.duration(to: first.loop.timeNow) == .seconds(2))
            try await second.send("x")
            #expect(try await first.receive(upTo: 1) == [0x78])
            #expect(await reason { _ = try await first.receive() } == .timedOut)
            #expect(begin.duration(to: first.loop.timeNow) == .seconds(3))
        }
    }
}
