// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// The same seed, the same run; another one, another. B-TW-22
@Suite(.blocking) struct DeterminismTests {
    /// Clients that quarrel over a lossy, jittery network with faults by chance.
    private static func quarrel(seed: UInt64) throws -> (hash: UInt64, text: String) {
        var settings = SimulatedNetwork.Settings()
        settings.traceLength = 200
        let network = SimulatedNetwork(seed: seed, settings)
        network.link = Link(latency: .milliseconds(3), jitter: .milliseconds(4), bandwidth: 1_000_000, loss: 0.05)
        network.link.duplication = 0.1
        network.link.reordering = 0.1
        try network.host("server") {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await serve(on: .public(7)) { try await $0.echo() } }
                group.addTask {
                    let socket = try await DatagramSocket(on: "*:9")
                    for try await datagram in socket { try await socket.reply(datagram.bytes, to: datagram) }
                }
                try await group.waitForAll()
            }
        }
        for number in 0..<4 {
            try network.host("client \(number)") { try await argue() }
        }
        network.disturb(Disturbance(every: .milliseconds(50) ... .milliseconds(900)))
        try network.run(for: .seconds(3))
        return (network.traceHash, network.traceText)
    }

    private static func argue() async throws {
        let loop = try #require(EventLoop.running)
        var numbers = loop.world.randomness
        while !Task.isCancelled {
            try await loop.sleep(for: .milliseconds(Int(numbers.next() % 200)))
            _ = try? await withDeadline(.seconds(1)) {
                try await withConnection(to: "server:7") { connection in
                    async let answer = connection.receive(upTo: 10)
                    try await connection.send([UInt8](repeating: 1, count: 3000))
                    _ = try await answer
                }
            }
            _ = try? await withDeadline(.milliseconds(100)) {
                try await withDatagramSocket(to: "server:9") { socket in
                    try await socket.send("hi")
                    _ = try await socket.receive()
                }
            }
        }
    }

    @Test func `a seed gives the same trace byte for byte, a hundred times, under load`() async throws {
        let first = try Self.quarrel(seed: 42)
        #expect(first.text.split(separator: "\n").count == 201)
        let load = Flag()
        // Something else to do for the machine, so that threads come and go at other times.
        let burners = (0..<1).map { _ in BlockingThread { while !load.isSet {} } }
        defer { load.set() }
        for _ in 0..<99 {
            let next = try Self.quarrel(seed: 42)
            #expect(next.hash == first.hash)
            if next.hash != first.hash { break }
            #expect(next.text == first.text)
        }
        load.set()
        for burner in burners { try burner.join() }
        #expect(try Self.quarrel(seed: 43).hash != first.hash)
    }

    private final class Noted: Sendable {
        let list = Mutex<[Int]>([])
    }

    @Test func `a seed draws the order in which tasks go on`() throws {
        func order(_ seed: UInt64?) throws -> [Int] {
            let network = SimulatedNetwork(seed: seed)
            let seen = Noted()
            try network.client("host") {
                await withTaskGroup { group in
                    for number in 0..<8 {
                        group.addTask {
                            await Task.yield()
                            seen.list.withLock { $0.append(number) }
                        }
                    }
                }
            }
            try network.run(for: .seconds(1))
            return seen.list.withLock { $0 }
        }
        #expect(try order(nil) == Array(0..<8))
        let orders = try (0..<20).map { try order($0) }
        #expect(Set(orders).count > 15)
        #expect(try (0..<20).map { try order($0) } == orders)
    }

    @Test func `hosts draw their own numbers, from the seed`() throws {
        func numbers(_ seed: UInt64) throws -> [UInt64] {
            let network = SimulatedNetwork(seed: seed)
            return try ["one", "two"].map { name in
                var numbers = try network.host(name).world.randomness
                return numbers.next()
            }
        }
        let seen = try numbers(1) + numbers(2)
        #expect(Set(seen).count == 4)
        #expect(try numbers(1) + numbers(2) == seen)
    }

    // MARK: Jobs that leave

    @Test func `a job that leaves its world is told by host and task`() throws {
        let network = SimulatedNetwork(seed: 1)
        let isDone = Flag()
        try network.client("leaver") {
            let loop = try #require(EventLoop.running)
            try await loop.sleep(for: .seconds(2))
            Task(name: "stray") { isDone.set() }
        }
        do {
            try network.run(for: .seconds(5))
            Issue.record("nothing was told")
        } catch let left as WorldLeft {
            #expect(left.jobs.map(\.host) == ["leaver"])
            #expect(left.jobs.map(\.task) == ["leaver"])
            #expect("\(left)".contains("leaver: task \"leaver\" has handed a job to the outside at 2.0"), "\(left)")
        }
    }

    @Test func `a sleep outside of the network's time is told when nothing goes on`() async throws {
        let network = SimulatedNetwork(seed: 1)
        try network.client("sleeper") { try await Task.sleep(for: .seconds(1000)) }
        do {
            try network.run(for: .seconds(5))
            Issue.record("it ended")
        } catch let stall as NetworkStalled {
            #expect(stall.unfinished == ["sleeper"])
            #expect(stall.waits.isEmpty && "\(stall)".contains("nobody waits for the network; not at an end: sleeper"))
            #expect(stall.seed == 1 && "\(stall)".hasSuffix("(seed 1)"))
        }
    }

    // MARK: Errors

    @Test func `a client that waits for ever is named, with what it waits for and since when`() throws {
        let network = SimulatedNetwork(seed: 1)
        try network.host("server") { try await serve(on: .public(7)) { _ = try await $0.receive(upTo: 1) } }
        try network.client("client") {
            try await withConnection(to: "server:7") { _ = try await $0.receive(upTo: 1) }
        }
        do {
            try network.run(for: .seconds(60))
            Issue.record("it ended")
        } catch let stall as NetworkStalled {
            #expect(stall.cause == .nothingLeft && stall.unfinished == ["client"])
            #expect(stall.waits.map(\.host).sorted() == ["client", "server", "server"])
            #expect(stall.waits.contains { $0.subject == "receive 10.0.0.2:49152 from 10.0.0.1:7" })
            #expect(stall.waits.contains { $0.subject == "receive 10.0.0.1:7 from 10.0.0.2:49152" })
            #expect(stall.waits.contains { $0.subject.hasPrefix("accept ") && $0.subject.hasSuffix(":7") })
            #expect("\(stall)".contains("client: receive 10.0.0.2:49152 from 10.0.0.1:7 since 0.000"), "\(stall)")
            #expect("\(stall)".contains("not at an end: client"))
        }
    }

    @Test func `a host that fails ends the run, with its name and the seed`() throws {
        let network = SimulatedNetwork(seed: 77)
        try network.host("server") { throw Surprise("no disk") }
        do {
            try network.run(for: .seconds(60))
            Issue.record("it ended")
        } catch let failure as HostFailed {
            #expect(failure.host == "server" && failure.seed == 77)
            #expect("\(failure)".hasPrefix("server: no disk at 0.0"))
            #expect("\(failure)".hasSuffix("(seed 77)"))
        }
        try network.run(for: .seconds(1))
    }

    @Test func `an unknown host is named, with those that there are`() throws {
        let network = SimulatedNetwork()
        try network.host("one")
        try network.host("two")
        #expect(try network.host(named: "two").name == "two")
        do {
            _ = try network.host(named: "three")
            Issue.record("it was found")
        } catch { #expect("\(error)".contains("there is no host three, only: one, two")) }
    }

    @Test func `a run that is too long is stopped`() async throws {
        let network = SimulatedNetwork(seed: 1)
        let host = try network.host("host")
        do {
            try await network.run(on: host, within: .seconds(100)) {
                while true { try await host.loop.sleep(for: .seconds(1)) }
            }
        } catch let stall as NetworkStalled { #expect(stall.cause == .timeIsUp) }
        #expect(throws: NetworkStalled.self) { try network.run(within: .seconds(1)) { false } }
    }
}
