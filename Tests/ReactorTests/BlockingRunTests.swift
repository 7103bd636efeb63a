// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import TestSupport
import Testing

@Suite(.blocking) struct BlockingRunTests {
    @Test(arguments: World.Mechanism.allCases)
    func `a program needs one loop and no thread besides`(mechanism: World.Mechanism) throws {
        let loop = try EventLoop(in: .real(mechanism))
        let answer = try loop.runUntilComplete { () async throws -> [UInt8]? in
            #expect(loop.isCurrent)
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { try await $0.echo() }
            async let running: Void = server.run()
            let answer = try await withConnection(to: try #require(server.addresses.first), on: loop) { client in
                try await client.send("hello")
                return try await client.receive(upTo: 10)
            }
            server.drain()
            try await running
            return answer
        }
        #expect(answer == Array("hello".utf8))
    }

    // B-AIO-15: TaskGroup, Runner, Queue.shutdown
    @Test func `a group, and a queue that is shut down, are Swift's own, and stay on the loop`() throws {
        let loop = try EventLoop()
        let sum = loop.runUntilComplete { () async -> Int in
            let (queue, feeder) = AsyncStream.makeStream(of: Int.self)
            return await withTaskGroup(of: Int.self) { group in
                group.addTask {
                    var sum = 0
                    for await number in queue where loop.isCurrent { sum += number }
                    return sum
                }
                group.addTask {
                    for number in 1...10 { feeder.yield(number) }
                    feeder.finish()
                    return loop.isCurrent ? 100 : 0
                }
                return await group.reduce(0, +)
            }
        }
        #expect(sum == 155)
    }

    @Test func `what the body throws is thrown, and the loop can be used again`() throws {
        struct Planned: Error {}
        let loop = try EventLoop()
        #expect(throws: Planned.self) {
            try loop.runUntilComplete { () async throws(Planned) in throw Planned() }
        }
        #expect(loop.runUntilComplete { 7 } == 7)
        #expect(!loop.isCurrent)
    }

    @Test func `work from another thread wakes a loop that is run to the end`() throws {
        let loop = try EventLoop()
        let number = loop.runUntilComplete { () async -> Int in
            await withCheckedContinuation { continuation in
                _ = BlockingThread { loop.enqueue { continuation.resume(returning: 7) } }
            }
        }
        #expect(number == 7)
    }

    @Test func `a socket that is connected already becomes a connection`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        let other = SharedSocket(try pair.second.duplicate())
        let connection = Connection(adopting: try pair.first.duplicate(), on: loop)
        try other.socket.sendAll("from outside\n".utf8)
        let line = try loop.runUntilComplete { () async throws in
            try await connection.send("from the loop")
            return try await connection.lines.next()
        }
        #expect(line == "from outside")
        #expect(try other.socket.receive(upTo: 100) == Array("from the loop".utf8))
    }
}
