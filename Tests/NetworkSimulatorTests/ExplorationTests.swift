// SPDX-License-Identifier: Apache-2.0
import Glibc
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// Faults that were planted, and are found within a thousand seeds. B-TW-22
@Suite(.blocking) struct ExplorationTests {
    /// Items from one task to another, with a lost wake-up planted: between the look and the wait others go on.
    private final class Mailbox: Sendable {
        private let state = Mutex<(items: [Int], waiter: CheckedContinuation<Void, Never>?)>(([], nil))
        private let hasFault: Bool
        init(hasFault: Bool) { self.hasFault = hasFault }

        func put(_ item: Int) {
            state.withLock { state in
                state.items.append(item)
                return state.waiter.take()
            }?.resume()
        }

        func take() async -> Int {
            while true {
                if let item = state.withLock({ $0.items.isEmpty ? nil : $0.items.removeFirst() }) { return item }
                if hasFault { await Task.yield() }
                await withCheckedContinuation { continuation in
                    let isThere = state.withLock { state in
                        if !hasFault && !state.items.isEmpty { return true }
                        state.waiter = continuation
                        return false
                    }
                    if isThere { continuation.resume() }
                }
            }
        }
    }

    private func mail(_ network: SimulatedNetwork, hasFault: Bool) throws {
        let mailbox = Mailbox(hasFault: hasFault)
        try network.host("office") {
            try await serve(on: .public(25)) { connection in
                while let bytes = try await connection.receive(upTo: 1) { mailbox.put(Int(bytes[0])) }
            }
        }
        let office = try network.host(named: "office")
        try network.client("sender") {
            try await withConnection(to: "office:25") { connection in
                var numbers = connection.loop.world.randomness
                for number in 0..<10 {
                    try await connection.send([UInt8(number)])
                    try await connection.loop.sleep(for: .microseconds(Int(numbers.next() % 4)))
                }
            }
        }
        let isDone = Flag()
        try network.host("starter") {
            await withTaskExecutorPreference(office.loop) {
                for _ in 0..<10 { _ = await mailbox.take() }
                isDone.set()
            }
        }
        try network.run(within: .seconds(60)) { isDone.isSet }
    }

    @Test func `a lost wake-up is found, and right code passes`() throws {
        let found = try #require(throws: SeedFailed.self) {
            try explore(seeds: 0..<1000) { try mail($0, hasFault: true) }
        }
        #expect(found.error is NetworkStalled && found.isRepeatable, "\(found)")
        #expect("\(found)".contains("NETWRIGHT_SEED=\(found.seed)"))
        #expect(!found.trace.isEmpty)
        try explore(seeds: 0..<300) { try mail($0, hasFault: false) }
    }

    /// A pool of numbers that two may close: the second close gives away what is another's by then.
    private final class Pool: Sendable {
        private let state = Mutex<(free: [Int], used: Set<Int>)>((Array(0..<4), []))

        func open() throws -> Int {
            try state.withLock { state in
                guard let number = state.free.popLast() else { throw Surprise("no number is left") }
                if !state.used.insert(number).inserted { throw Surprise("number \(number) is used twice") }
                return number
            }
        }

        func close(_ number: Int) {
            state.withLock { state in
                state.used.remove(number)
                state.free.append(number)
            }
        }
    }

    private func pooling(_ network: SimulatedNetwork, hasFault: Bool) throws {
        let pool = Pool()
        network.link.jitter = .milliseconds(5)
        try network.host("server") {
            try await serve(on: .public(7)) { connection in
                let number = try pool.open()
                let isOpen = Mutex(true)
                @Sendable func close() {
                    if hasFault
                        || isOpen.withLock({
                            let was = $0; $0 = false; return was
                        })
                    {
                        pool.close(number)
                    }
                }
                // Whoever is late: the idle limit and the end may both close.
                let limit = connection.loop.schedule(after: .milliseconds(8)) { close() }
                defer { limit.cancel() }
                _ = try await connection.receive(upTo: 10)
                close()
                try await connection.send("bye")
            }
        }
        for number in 0..<3 {
            try network.client("client \(number)") {
                for _ in 0..<3 {
                    try await withConnection(to: "server:7") { connection in
                        try await connection.send("hi")
                        try check(try await connection.receive(upTo: 3) != nil, "no answer")
                    }
                }
            }
        }
        try network.run(for: .seconds(60))
        let numbers = try (0..<4).map { _ in try pool.open() }
        try check(Set(numbers).count == 4)
        try check((try? pool.open()) == nil, "there is a number more than there were")
    }

    @Test func `a double close is found, and right code passes`() throws {
        let found = try #require(throws: SeedFailed.self) {
            try explore(seeds: 0..<1000) { try pooling($0, hasFault: true) }
        }
        #expect(found.error is Surprise && found.isRepeatable, "\(found)")
        try explore(seeds: 0..<300) { try pooling($0, hasFault: false) }
    }

    private func asking(_ network: SimulatedNetwork, hasFault: Bool) throws {
        network.link.loss = 0.002
        try network.host("clock") {
            try await withDatagramSocket(on: "*:123") { socket in
                for try await question in socket { try await socket.reply("noon", to: question) }
            }
        }
        try network.client("asker") {
            try await withDatagramSocket(to: "clock:123") { socket in
                while true {
                    try await socket.send("time?")
                    // Missing: a deadline. The answer may never come.
                    if hasFault { return _ = try await socket.receive() }
                    do {
                        return _ = try await withDeadline(.seconds(1)) { try await socket.receive() }
                    } catch let error as SocketError where error.reason == .timedOut {}
                }
            }
        }
        try network.run(for: .seconds(60))
    }

    @Test func `a missing deadline is found, and right code passes`() throws {
        let found = try #require(throws: SeedFailed.self) {
            try explore(seeds: 0..<1000) { try asking($0, hasFault: true) }
        }
        let stall = try #require(found.error as? NetworkStalled)
        #expect(stall.unfinished == ["asker"] && found.isRepeatable, "\(found)")
        #expect("\(found)".contains("lost"), "\(found)")
        try explore(seeds: 0..<1000) { try asking($0, hasFault: false) }
    }

    @Test func `what the seed does not repeat is said to be so`() throws {
        let calls = Mutex(0)
        let found = try #require(throws: SeedFailed.self) {
            try explore(seeds: 5..<10) { network in
                try network.host("host") {
                    let count = calls.withLock {
                        $0 += 1; return $0
                    }
                    if count == 1 { try await withConnection(to: "host:1") { _ in } }
                }
                try network.run(for: .seconds(1))
            }
        }
        #expect(found.seed == 5 && !found.isRepeatable)
        #expect("\(found)".contains("something in it has left its world"))
    }

    @Test func `NETWRIGHT_SEED names the one seed to try`() async {
        await #expect(processExitsWith: .success) {
            setenv("NETWRIGHT_SEED", "4711", 1)
            let seeds = Mutex<[UInt64?]>([])
            try explore(seeds: 0..<1000) { network in seeds.withLock { $0.append(network.seed) } }
            try #require(seeds.withLock { $0 } == [4711])
        }
    }

    @Test func `an exploration may be asynchronous`() async throws {
        try await explore(seeds: 0..<10) { network in
            let host = try network.host("host")
            #expect(try await network.run(on: host) { EventLoop.running === host.loop })
        }
    }
}
