// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// An actor that lives on a loop.
private actor Ledger {
    nonisolated let loop: EventLoop
    var entries: [String] = []

    init(on loop: EventLoop) { self.loop = loop }

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Connects, waits and sends in every way that involves other tasks and closures; whether it stayed on the loop.
    func visit(_ server: SocketAddress) async throws -> Bool {
        var wasHere = loop.isCurrent
        let connection = try await Connector().connect(toFirstOf: [server, server], on: loop)
        wasHere = wasHere && loop.isCurrent && connection.loop === loop
        try await loop.sleep(for: .milliseconds(1))
        let answer = try await withDeadline(.seconds(20)) {
            wasHere = wasHere && loop.isCurrent
            try await connection.send("x")
            let answer = try await connection.receive(upTo: 1)
            wasHere = wasHere && loop.isCurrent
            return answer
        }
        connection.close()
        return wasHere && loop.isCurrent && answer == [0x78]
    }

    /// Notes a line of a connection's; whether all of it was on the loop.
    func note(_ connection: Connection) async throws -> Bool {
        let begins = loop.isCurrent
        entries.append(String(decoding: try await connection.receive(upTo: 100) ?? [], as: UTF8.self))
        return begins && loop.isCurrent
    }
}

/// Which tasks and actors are on a loop, and what the loop tells of them.
@Suite struct LoopOfTasksTests {
    private nonisolated static func isOn(_ loop: EventLoop) async -> Bool { EventLoop.running === loop }

    @concurrent private static func isOnConcurrently(_ loop: EventLoop) async -> Bool { EventLoop.running === loop }

    private actor Elsewhere {
        func visit() -> Int { 1 }
    }

    @Test func `child tasks, async let and what is concurrent stay on the loop`() async throws {
        try await withLoop { loop in
            try await withTaskExecutorPreference(loop) {
                async let child = Self.isOn(loop)
                #expect(await child)
                #expect(await Self.isOnConcurrently(loop))
                let grandchildren = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<10 {
                        group.addTask {
                            async let grandchild = Self.isOn(loop)
                            return await grandchild
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(grandchildren == 10)
                #expect(await Elsewhere().visit() == 1)
                #expect(EventLoop.running === loop)
                try await loop.sleep(for: .milliseconds(1))
                #expect(EventLoop.running === loop)
            }
            #expect(!loop.isCurrent)
        }
    }

    @Test func `a handler and its children are on the connection's loop`() async throws {
        try await withLoop { loop in
            let wrong = Mutex(0)
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { connection in
                if EventLoop.running !== loop { wrong.withLock { $0 += 1 } }
                async let reader = connection.receive(upTo: 10)
                let bytes = try await reader
                if EventLoop.running !== loop { wrong.withLock { $0 += 1 } }
                try await connection.send(bytes ?? [])
            }
            let running = Task { try await server.run() }
            let answer = try await withConnection(to: try #require(server.addresses.first)) { client in
                try await client.send("x")
                return try await client.receive(upTo: 10)
            }
            #expect(answer == [0x78])
            #expect(wrong.withLock { $0 } == 0)
            server.drain()
            try await running.value
        }
    }

    @Test func `an actor on a loop is isolated there, and reads a connection without leaving it`() async throws {
        try await withLoop { loop in
            let ledger = Ledger(on: loop)
            let (first, second) = try await Connection.pair(on: loop)
            // From the loop the actor's state is at hand, without a wait.
            try await loop.run { () throws(SocketError) in ledger.assumeIsolated { $0.entries.append("opened") } }
            async let noted = ledger.note(second)
            try await until { try await second.isReceiving }
            try await first.send("from afar")
            #expect(try await noted)
            #expect(await ledger.entries == ["opened", "from afar"])
            first.close()
            second.close()
        }
    }

    // What comes between the look and the wait is not lost, however the actor's steps are put in the loop's queue.
    @Test func `an actor on a loop never leaves it, whatever it waits for`() async throws {
        try await withLoop { loop in
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { try await $0.echo() }
            let running = Task { try await server.run() }
            #expect(try await Ledger(on: loop).visit(try #require(server.addresses.first)))
            server.drain()
            try await running.value
        }
    }

    @Test func `a loop counts its turns, jobs, timers and connections`() async throws {
        try await withLoop { loop in
            @Sendable func statistics() async throws -> LoopStatistics {
                try await loop.run { () throws(SocketError) in loop.statistics }
            }
            let before = try await statistics()
            #expect(before.connections == 0)
            let (first, second) = try await Connection.pair(on: loop)
            async let received = second.receive(upTo: 1)
            try await until { try await second.isReceiving }
            #expect(try await statistics().connections == 1)
            try await first.send("x")
            #expect(try await received == [0x78])
            try await loop.sleep(for: .milliseconds(1))
            first.close()
            second.close()
            let after = try await statistics()
            #expect(after.turns > before.turns)
            #expect(after.jobs > before.jobs)
            #expect(after.firedTimers >= before.firedTimers + 1)
            #expect(after.connections == 0)
        }
    }

    @Test func `a turn that takes too long is told with its length, and a short one is not`() async throws {
        try await withLoop { loop in
            let reports = Mutex<[Duration]>([])
            try await loop.run { () throws(SocketError) in
                loop.slowTurn = (.seconds(1000), { time in reports.withLock { $0.append(time) } })
            }
            for _ in 0..<100 { try await loop.run { () throws(SocketError) in } }
            #expect(reports.withLock { $0 } == [])
            try await loop.run { () throws(SocketError) in
                loop.slowTurn = (.milliseconds(20), { time in reports.withLock { $0.append(time) } })
                let end = ContinuousClock.now + .milliseconds(25)
                while ContinuousClock.now < end {}
            }
            try await until { reports.withLock { !$0.isEmpty } }
            let longest = try await loop.run { () throws(SocketError) in loop.statistics.longestTurn }
            #expect(reports.withLock { $0[0] } >= .milliseconds(25))
            #expect(try longest >= #require(reports.withLock { $0.max() }))
        }
    }
}
