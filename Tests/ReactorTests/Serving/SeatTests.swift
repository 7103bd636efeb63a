// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// The limit of a server's connections holds over all of its listeners, on whichever loops they are.
@Suite struct SeatTests {
    @Test func `a seat that is kept for a client is nobody else's`() async throws {
        try await withLoop { loop in
            let clients = ClientList()
            try await clients.waitForSeat(2, on: loop)
            try await clients.waitForSeat(2, on: loop)
            let third = Task(executorPreference: loop) { try await clients.waitForSeat(2, on: loop) }
            for _ in 0..<20 { try await loop.sleep(for: .zero) }
            #expect(clients.seekerCount == 1)
            clients.giveBackSeat()
            try await third.value
            #expect(clients.seekerCount == 0)
        }
    }

    @Test func `who leaves, and who is refused a place, makes room`() async throws {
        try await withLoop { loop in
            let clients = ClientList()
            try await clients.waitForSeat(1, on: loop)
            let (first, second) = try await Connection.pair(on: loop)
            let number = try #require(clients.enter(first, at: loop.now))
            let next = Task(executorPreference: loop) { try await clients.waitForSeat(1, on: loop) }
            for _ in 0..<20 { try await loop.sleep(for: .zero) }
            clients.leave(number)
            try await next.value
            #expect(clients.count == 0)
            first.close()
            second.close()
        }
    }

    @Test func `listeners on several loops have no more connections between them than the limit says`() async throws {
        let threads = try (0..<3).map { _ in try LoopThread() }
        defer { for thread in threads { thread.stop() } }
        var listeners: [Listener] = []
        for thread in threads { listeners.append(try await Listener(on: "127.0.0.2:0", loop: thread.loop)) }
        var limits = Server.Limits()
        limits.connections = 2
        let now = Atomic(0)
        let most = Atomic(0)
        let served = Atomic(0)
        let server = Server(listeners: listeners, limits: limits) { connection in
            most.max(now.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            _ = try await connection.receive()
            now.subtract(1, ordering: .relaxed)
            served.add(1, ordering: .relaxed)
        }
        let running = Task { try await server.run() }
        let count = repetitions(300, soak: 10_000)
        try await withThrowingTaskGroup { group in
            for (index, thread) in threads.enumerated() {
                group.addTask {
                    for _ in 0..<count {
                        try await withConnection(
                            to: server.addresses[index], timeout: .seconds(200), on: thread.loop
                        ) { try await $0.send("x") }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await until { served.load(ordering: .relaxed) == 3 * count }
        let peak = most.load(ordering: .relaxed)
        #expect(peak <= 2)
        server.drain(within: .zero)
        try await running.value
    }
}
