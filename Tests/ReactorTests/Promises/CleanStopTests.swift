// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// P22: clean stop and restart.
@Suite(.blocking) struct CleanStopTests {
    // P22: graceful drain finishes in-flight (100 of 100); rebind at once; a second instance is refused
    @Test func `P22: a drained server answers all who are under way, and its address is free at once`()
        async throws
    {
        // The tests beside this one need their descriptors below select's 1,024.
        let count = repetitions(25, soak: 100)
        let thread = try LoopThread()
        defer { thread.stop() }
        let asked = Mutex(0)
        let gate = Mutex(false)
        let seen = Mutex((before: 0, after: 0))
        let server = try await Server(on: "127.0.0.2:0", loop: thread.loop) { connection in
            guard let question = try await connection.receive(upTo: 10) else { return }
            if !connection.isDraining { seen.withLock { $0.before += 1 } }
            asked.withLock { $0 += 1 }
            while !gate.withLock({ $0 }) { try await connection.loop.sleep(for: .milliseconds(5)) }
            if connection.isDraining { seen.withLock { $0.after += 1 } }
            try await connection.send(question)
        }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        let second = await #expect(throws: SocketError.self) { _ = try await Server(on: address) { _ in } }
        #expect(second?.isAddressInUse == true)
        let clients = (0..<count).map { number in
            Task {
                try await withConnection(to: address, timeout: .seconds(60)) { client in
                    try await client.send("\(number)")
                    let answer = try await client.receive(upTo: 10)
                    return answer == Array("\(number)".utf8)
                }
            }
        }
        try await until { asked.withLock { $0 } == count }
        server.drain(within: .seconds(60))
        try await until { await reason { try await withConnection(to: address) { _ in } } != nil }
        // The address is free while the last answers are still on their way.
        let next = try await Server(on: address) { try await $0.send("next") }
        let nextRunning = Task { try await next.run() }
        let greeting = try await withConnection(to: address) { try await $0.receive(upTo: 10) }
        #expect(greeting == Array("next".utf8))
        gate.withLock { $0 = true }
        var answered = 0
        for client in clients where try await client.value { answered += 1 }
        #expect(answered == count)
        try await running.value
        #expect(seen.withLock { $0 == (count, count) })
        next.drain()
        try await nextRunning.value
    }

    // P22: SIGTERM with 20 clients <= 5 s, whether they say something or not
    @Test func `P22: nt listen with twenty clients ends within 5 s of SIGTERM, and its address is free at once`() throws
    {
        func listen(on address: String) throws -> (program: ForeignProgram, address: String) {
            let program = try ForeignProgram(BuiltProgram.path("nt"), ["listen", address, "echo"])
            let words = try program.errorLine(containing: "listening ").split(separator: " ")
            return (program, String(words[2]))
        }
        let (server, address) = try listen(on: "127.0.0.2:0")
        let clients = try (0..<20).map { _ in SharedSocket(try Socket.connecting(to: address, within: .seconds(20))) }
        for client in clients { #expect(try client.exchange("before")) }
        let second = try ForeignProgram(BuiltProgram.path("nt"), ["listen", address, "echo"])
        #expect(try second.exit() == .status(69))
        #expect(second.errors.contains("address already in use (by nt, pid \(server.processIdentifier))"))
        let start = ContinuousClock.now
        server.send(signal: SIGTERM)
        // They are idle: nothing is under way that a drain would wait for.
        for client in clients { #expect(try client.socket.receive(upTo: 1) == nil) }
        #expect(try server.exit() == .status(0))
        let time = ContinuousClock.now - start
        print("P22: nt listen with 20 clients ended \(time) after SIGTERM")
        #expect(time <= .seconds(5))
        let (next, again) = try listen(on: address)
        #expect(again == address)
        #expect(try SharedSocket(try Socket.connecting(to: address, within: .seconds(20))).exchange("next"))
        next.kill()
    }
}
