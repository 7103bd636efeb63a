// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct SimulatedNetworkTests {
    // MARK: Time

    @Test func `an hour's sleep takes an hour of the network's time and none of ours`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let begin = ContinuousClock.now
        try await network.run(on: host) {
            let asleep = host.loop.timeNow
            try await host.loop.sleep(for: .seconds(3600))
            #expect(host.loop.timeNow == asleep.advanced(by: .seconds(3600)))
        }
        #expect(ContinuousClock.now - begin < .seconds(20))
        #expect(network.now >= LoopInstant(nanoseconds: 3600 * 1_000_000_000))
    }

    @Test func `what is due comes in the order of its time, on whichever host`() async throws {
        let network = SimulatedNetwork()
        let hosts = try (0..<3).map { try network.host("host \($0)") }
        let calls = Mutex<[Int]>([])
        try await network.run(on: hosts[0]) {
            for (place, minutes) in [50, 10, 40, 20, 60, 30].enumerated() {
                hosts[place % 3].loop.schedule(after: .seconds(60 * minutes)) { calls.withLock { $0.append(minutes) } }
            }
            try await hosts[0].loop.sleep(for: .seconds(7200))
        }
        #expect(calls.withLock { $0 } == [10, 20, 30, 40, 50, 60])
    }

    @Test func `a task that spins does not stop the clock`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        try await network.run(on: host) {
            let end = host.loop.timeNow.advanced(by: .milliseconds(1))
            while host.loop.timeNow < end { await Task.yield() }
        }
        #expect(network.now >= LoopInstant(nanoseconds: 1_000_000))
    }

    @Test func `a run by hand ends at its time, and at its condition`() throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let calls = Mutex(0)
        host.loop.schedule(after: .seconds(5)) { calls.withLock { $0 += 1 } }
        try network.run(for: .seconds(4))
        #expect(network.now == LoopInstant(nanoseconds: 4_000_000_000))
        #expect(calls.withLock { $0 } == 0)
        try network.run { calls.withLock { $0 } == 1 }
        #expect(network.now >= LoopInstant(nanoseconds: 5_000_000_000))
        #expect(throws: NetworkStalled.self) { try network.run { false } }
    }

    // MARK: Repetition

    /// A hundred clients of one server, each with some lines.
    private static func trace() async throws -> [String] {
        let lines = Mutex<[String]>([])
        let network = SimulatedNetwork { event in lines.withLock { $0.append("\(event)") } }
        let (near, far) = (try network.host("client"), try network.host("server"))
        let address = SocketAddress(try #require(far.addresses.first), 7)
        try await network.run(on: near) {
            let server = try await Server(on: address, loop: far.loop) { try await $0.echo() }
            async let running: Void = server.run()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        try await near.loop.sleep(for: .milliseconds(number * 37 % 11))
                        try await withConnection(to: address) { client in
                            try await client.send([UInt8](repeating: 1, count: number * 1000 + 1))
                            _ = try await client.receive(upTo: 10)
                        }
                    }
                }
                try await group.waitForAll()
            }
            server.drain()
            try await running
        }
        return lines.withLock { $0 }
    }

    @Test func `the same program sends the same at the same times`() async throws {
        let first = try await Self.trace()
        #expect(first.count > 400)
        for _ in 0..<3 { #expect(try await Self.trace() == first) }
    }

    @Test func `a trace says who sent what, when`() async throws {
        let lines = Mutex<[String]>([])
        let network = SimulatedNetwork { event in lines.withLock { $0.append("\(event)") } }
        let host = try network.host("host", at: IPAddress("10.1.1.1"))
        let other = try network.host("other", at: IPAddress("10.1.1.2"))
        try await network.run(on: host) {
            let server = try await Server(on: "10.1.1.1:7", loop: host.loop) { try await $0.echo() }
            async let running: Void = server.run()
            try await withConnection(to: "10.1.1.1:7", on: other.loop) { client in
                try await client.send("hi")
                _ = try await client.receive(upTo: 10)
            }
            #expect(await reason { try await withConnection(to: "10.1.1.2:9") { _ in } } == .system(.connectionRefused))
            server.drain()
            try await running
        }
        let seen = lines.withLock { $0 }.map { $0.split(separator: " ").dropFirst().joined(separator: " ") }
        #expect(
            seen == [
                "10.1.1.2:49152 > 10.1.1.1:7 connect", "10.1.1.1:7 > 10.1.1.2:49152 accept",
                "10.1.1.2:49152 > 10.1.1.1:7 bytes 2", "10.1.1.1:7 > 10.1.1.2:49152 bytes 2",
                "10.1.1.2:49152 > 10.1.1.1:7 end", "10.1.1.1:49152 > 10.1.1.2:9 connect",
                "10.1.1.1:7 > 10.1.1.2:49152 end", "10.1.1.2:9 > 10.1.1.1:49152 refuse",
            ])
        #expect(lines.withLock { $0.allSatisfy { $0.hasPrefix("0.000") } })
    }

    // MARK: Addresses

    @Test func `an address can be had once, and by its own host`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let other = try network.host("other")
        let foreign = SocketAddress(try #require(other.addresses.first), 80)
        try await network.run(on: host) {
            func listen(_ address: SocketAddress) async throws -> Server {
                try await Server(on: address, loop: host.loop) { _ in }
            }
            let first = try await listen(.loopback(80))
            #expect(await reason { _ = try await listen(.loopback(80)) } == .system(.addressInUse))
            #expect(await reason { _ = try await listen(.any(80)) } == .system(.addressInUse))
            #expect(await reason { _ = try await listen(foreign) } == .system(.addressNotAvailable))
            first.drain()
            let second = try await listen(.any(80))
            #expect(await reason { _ = try await listen(.loopback(80)) } == .system(.addressInUse))
            let (free, another) = (try await listen(.loopback(.any)), try await listen(.loopback(.any)))
            #expect(free.addresses[0].port != another.addresses[0].port)
            #expect(free.addresses[0].port != .any)
            second.drain()
            // Each host has loopback addresses of its own.
            let there = try await Server(on: SocketAddress.loopback(81), loop: other.loop) { _ in }
            #expect(
                await reason { try await withConnection(to: "127.0.0.1:81") { _ in } } == .system(.connectionRefused))
            there.drain()
        }
    }

    @Test func `where no host is, nobody is reached`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        try await network.run(on: host) {
            for address in ["192.0.2.1:80", "[2001:db8::1]:80"] {
                #expect(
                    await reason { try await withConnection(to: address) { _ in } } == .system(.networkUnreachable))
            }
        }
    }

    @Test func `an impossible topology is refused`() throws {
        let network = SimulatedNetwork()
        _ = try network.host("host", at: IPAddress("10.1.1.1"))
        #expect(throws: SocketError.self) { try network.host("host") }
        for address in ["10.1.1.1", "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1"] {
            #expect(throws: SocketError.self, "\(address)") {
                try network.host("other", at: IPAddress(address))
            }
        }
    }

    @Test func `a server on every interface is reached by each address of its host, and by both families`() async throws
    {
        let network = SimulatedNetwork()
        let near = try network.host("near", at: IPAddress("10.1.1.1"), IPAddress("2001:db8::1"))
        let far = try network.host("far", at: IPAddress("10.1.1.2"), IPAddress("2001:db8::2"))
        try await network.run(on: near) {
            let server = try await Server(on: "[::]:80", loop: far.loop) { served in
                try await served.send("\(served.peer.map { "\($0)" } ?? "")")
            }
            async let running: Void = server.run()
            for (target, source) in [
                ("10.1.1.2:80", "10.1.1.1:1024"), ("[2001:db8::2]:80", "[2001:db8::1]:1024"),
            ] {
                let seen = try await withConnection(to: target, from: SocketAddress(source)) { client in
                    #expect(client.localAddress == (try? SocketAddress(source)))
                    return try await client.receive(upTo: 100)
                }
                #expect(seen == Array(source.utf8))
            }
            #expect(
                await reason { try await withConnection(to: "10.1.1.2:80", from: SocketAddress("10.1.1.2:1")) { _ in } }
                    == .system(.addressNotAvailable))
            server.drain()
            try await running
        }
    }

    @Test func `a UNIX name is its host's own, and free again when nobody listens`() async throws {
        let network = SimulatedNetwork()
        let (host, other) = (try network.host("host"), try network.host("other"))
        try await network.run(on: host) {
            for _ in 0..<2 {
                let server = try await Server(on: "unix:@printer", loop: host.loop) { try await $0.echo() }
                async let running: Void = server.run()
                let answer = try await withConnection(to: "unix:@printer") { client in
                    try await client.send("page")
                    return try await client.receive(upTo: 10)
                }
                #expect(answer == Array("page".utf8))
                #expect(
                    await reason { try await withConnection(to: "unix:@printer", on: other.loop) { _ in } }
                        == .system(.connectionRefused))
                server.drain()
                try await running
            }
        }
    }

    @Test func `a network that is gone takes its loops with it`() async throws {
        weak var loop: EventLoop?
        func use() async throws {
            let network = SimulatedNetwork()
            let host = try network.host("host")
            loop = host.loop
            try await network.run(on: host) {
                let (first, second) = try await Connection.pair(on: host.loop)
                try await first.send("under way when the run ends")
                first.close()
                second.close()
            }
        }
        try await use()
        #expect(loop == nil)
    }

    // MARK: Connecting

    @Test func `a client that finds the queue full asks again, and gives up at last`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        try await network.run(on: host) {
            var limits = Server.Limits()
            limits.backlog = 0
            // It never accepts.
            let server = try await Server(on: "127.0.0.1:7", limits: limits, loop: host.loop) { _ in }
            try await withConnection(to: "127.0.0.1:7") { _ in
                let begin = host.loop.timeNow
                #expect(
                    await reason { try await withConnection(to: "127.0.0.1:7", timeout: .seconds(30)) { _ in } }
                        == .timedOut)
                #expect(begin.duration(to: host.loop.timeNow) == .seconds(30))
                #expect(
                    await reason { try await withConnection(to: "127.0.0.1:7", timeout: .seconds(600)) { _ in } }
                        == .timedOut)
                #expect(begin.duration(to: host.loop.timeNow) < .seconds(200))
            }
            server.drain()
        }
    }

    @Test func `closing a listener resets who waited to be accepted`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        try await network.run(on: host) {
            let server = try await Server(on: "127.0.0.1:7", loop: host.loop) { _ in }
            try await withConnection(to: "127.0.0.1:7") { client in
                server.drain()
                #expect(await reason { _ = try await client.receive(upTo: 1) } == .broken(.connectionReset))
            }
        }
    }

    @Test func `what is sent takes its time, and fills a buffer of its size`() async throws {
        var settings = SimulatedNetwork.Settings()
        settings.bufferSize = 1000
        let network = SimulatedNetwork(settings)
        network.loopback.latency = .milliseconds(10)
        let host = try network.host("host")
        try await network.run(on: host) {
            let (first, second) = try await Connection.pair(on: host.loop)
            let begin = host.loop.timeNow
            let many = [UInt8](repeating: 1, count: 5000)
            #expect(try await first.sendSome(many.span.bytes) == 1000)
            first.writeDeadline = begin.advanced(by: .seconds(1))
            #expect(await reason { try await first.send("x") } == .timedOut)
            #expect(try await second.receive(upTo: 5000)?.count == 1000)
            first.writeDeadline = .never
            let read = host.loop.timeNow
            try await first.send("x")
            // There, and then the sender's turn comes.
            let waited = read.duration(to: host.loop.timeNow)
            #expect(waited >= .milliseconds(10) && waited < .milliseconds(11))
            first.close()
            #expect(try await second.receive(upTo: 5) == [0x78])
            #expect(try await second.receive(upTo: 5) == nil)
            second.close()
        }
    }

    // MARK: Runs that can't end

    @Test func `a run that can never end says who waits, and for what`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("lonely")
        let ended = Mutex(false)
        do {
            try await network.run(on: host) {
                defer { ended.withLock { $0 = true } }
                try await host.loop.sleep(for: .seconds(3))
                let server = try await Server(on: "127.0.0.1:7", loop: host.loop) { _ in }
                try await server.run()
            }
            Issue.record("it ended")
        } catch let stall as NetworkStalled {
            #expect(stall.waits.map(\.host) == ["lonely"])
            #expect(stall.waits.map(\.subject) == ["accept 127.0.0.1:7"])
            #expect("\(stall)".hasPrefix("nothing can happen any more at 3.0000"))
        }
        #expect(ended.withLock { $0 })
    }

    @Test func `a run ends with its task's cancellation, and with its body's error`() async throws {
        struct Planned: Error {}
        let network = SimulatedNetwork()
        let host = try network.host("host")
        await #expect(throws: Planned.self) { try await network.run(on: host) { throw Planned() } }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await reason {
                try await network.run(on: host) { try await host.loop.sleep(for: .seconds(1)) }
            }
        }
        #expect(await task.value == .cancelled)
        // And another run goes on where they left it.
        #expect(try await network.run(on: host) { 7 } == 7)
    }

    @Test func `another thread may wake a loop, close and cancel`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let calls = Mutex(0)
        let outcome = try await network.run(on: host) {
            let (first, second) = try await Connection.pair(on: host.loop)
            let outside = BlockingThread {
                for _ in 0..<1000 { host.loop.enqueue { calls.withLock { $0 += 1 } } }
                first.close()
            }
            // The network does not wait for other threads: something has to keep it going meanwhile.
            let isDone = Flag()
            async let ticking: Void = {
                while !isDone.isSet { try await host.loop.sleep(for: .milliseconds(1)) }
            }()
            let answer = try await second.receive(upTo: 1)
            try outside.join()
            isDone.set()
            try await ticking
            return answer
        }
        #expect(outcome == nil)
        try network.run(for: .zero)
        #expect(calls.withLock { $0 } == 1000)
    }
}
