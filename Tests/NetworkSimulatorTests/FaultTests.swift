// SPDX-License-Identifier: Apache-2.0
@testable import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Faults by script. B-TW-22
@Suite(.blocking) struct FaultTests {
    /// An echo server on `server`, and a client's task.
    private func network(
        seed: UInt64 = 1, _ client: @escaping @Sendable () async throws -> Void
    ) throws -> (SimulatedNetwork, client: SimulatedHost, server: SimulatedHost) {
        let network = SimulatedNetwork(seed: seed)
        let server = try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
        let client = try network.client("client", client)
        return (network, client, server)
    }

    @Test func `a partition holds a stream up until it heals`() throws {
        let (network, client, server) = try network {
            try await withConnection(to: "server:7") { connection in
                let loop = connection.loop
                try await loop.sleep(for: .seconds(2))
                let begin = loop.timeNow
                try await connection.send("hi")
                try check(try await connection.receive(upTo: 2) == Array("hi".utf8))
                try check(begin.duration(to: loop.timeNow) > .seconds(8))
            }
        }
        network.at(.seconds(1)) { $0.partition(client, from: server) }
        network.at(.seconds(10)) { $0.heal() }
        try network.run(for: .seconds(60))
        let kinds = network.trace.map(\.kind)
        #expect(kinds.filter { $0 == .fault(.cut) }.count == 2)
        #expect(kinds.filter { $0 == .fault(.heal) }.count == 2)
        #expect(kinds.contains(.again(2)))
    }

    @Test(arguments: [true, false]) func `a stream whose one direction is cut for good times out`(there: Bool) throws {
        let (network, client, server) = try network {
            try await withConnection(to: "server:7") { connection in
                try await connection.loop.sleep(for: .seconds(2))
                try await connection.send("hi")
                let seen = await reason { while try await connection.receive(upTo: 10) != nil {} }
                try check(seen == .broken(.timedOut), "\(String(describing: seen))")
            }
        }
        network.at(.seconds(1)) {
            if there { $0.cut(from: client, to: server) } else { $0.cut(from: server, to: client) }
        }
        try network.run(for: .seconds(3600))
    }

    @Test func `a host that can't be reached is given up after two minutes`() throws {
        let (network, client, server) = try network {
            let loop = try #require(EventLoop.running)
            let begin = loop.timeNow
            let seen = await reason { try await withConnection(to: "server:7", timeout: .seconds(600)) { _ in } }
            try check(seen == .timedOut)
            let taken = begin.duration(to: loop.timeNow)
            try check(taken > .seconds(60) && taken < .seconds(200), "\(taken)")
        }
        network.partition(client, from: server)
        try network.run(for: .seconds(600))
    }

    @Test func `what is held arrives in order when it is released`() throws {
        let (network, client, server) = try network {
            try await withConnection(to: "server:7") { connection in
                try await connection.loop.sleep(for: .seconds(2))
                for word in ["a", "b", "c"] { try await connection.send(word) }
                try await connection.shutdownSending()
                let begin = connection.loop.timeNow
                var seen: [UInt8] = []
                while let piece = try await connection.receive(upTo: 10) { seen += piece }
                try check(seen == Array("abc".utf8))
                try check(begin.duration(to: connection.loop.timeNow) > .seconds(5))
            }
        }
        network.at(.seconds(1)) { $0.hold(from: client, to: server) }
        network.at(.seconds(8)) { $0.release(from: client, to: server) }
        try network.run(for: .seconds(60))
        #expect(!network.trace.contains { if case .again = $0.kind { true } else { false } })
    }

    @Test func `after a crash and a restart the old connection is reset, and a new one is served`() throws {
        let (network, _, server) = try network {
            try await withConnection(to: "server:7") { connection in
                let loop = connection.loop
                try await connection.send("one")
                try check(try await connection.receive(upTo: 3)?.count == 3)
                try await loop.sleep(for: .seconds(20))
                try await connection.send("two")
                let seen = await reason { _ = try await connection.receive(upTo: 3) }
                try check(seen == .broken(.connectionReset), "\(String(describing: seen))")
            }
            try await withConnection(to: "server:7") { connection in
                try await connection.send("new")
                try check(try await connection.receive(upTo: 3) == Array("new".utf8))
            }
        }
        let before = server.loop
        network.at(.seconds(5)) { _ in server.crash() }
        network.at(.seconds(6)) { _ in server.restart() }
        try network.run(for: .seconds(60))
        #expect(server.loop !== before && server.isUp)
    }

    @Test func `a host that has crashed is silent, and its tasks have ended`() throws {
        let ended = Mutex<[SocketError.Reason?]>([])
        let network = SimulatedNetwork(seed: 1)
        let server = try network.host("server") {
            let seen = await reason { try await serve(on: .public(7)) { try await $0.echo() } }
            ended.withLock { $0.append(seen) }
        }
        try network.client("client") {
            try await withConnection(to: "server:7") { connection in
                try await connection.loop.sleep(for: .seconds(10))
                connection.readDeadline = connection.loop.timeNow.advanced(by: .seconds(5))
                try await connection.send("hi")
                try check(await reason { _ = try await connection.receive(upTo: 2) } == .timedOut)
            }
        }
        network.at(.seconds(5)) { _ in server.crash() }
        try network.run(for: .seconds(60))
        #expect(ended.withLock { $0.count } == 1)
        #expect(!server.isUp)
    }

    // Whether it sends again, or asks for room.
    @Test(arguments: [true, false])
    func `a host that crashes while nobody answers leaves nothing of its connection`(hasRoom: Bool) throws {
        weak var fabric: Fabric?
        func use() throws {
            let (network, server) = try resettingNetwork()
            fabric = network.fabric
            let client = try network.host("client") {
                try await withConnection(to: "server:7") { connection in
                    try await connection.loop.sleep(for: .seconds(hasRoom ? 3 : 0))
                    try await connection.send([UInt8](repeating: 1, count: hasRoom ? 1 : 5000))
                    _ = try await connection.receive(upTo: 1)
                }
            }
            network.at(.seconds(1)) { $0.partition(client, from: server) }
            network.at(.seconds(5)) { _ in client.crash() }
            try network.run(for: .seconds(3600))
            #expect(!client.isUp)
        }
        try use()
        #expect(fabric == nil)
    }

    @Test func `a paused host answers when it goes on`() throws {
        let (network, _, server) = try network {
            try await withConnection(to: "server:7") { connection in
                try await connection.loop.sleep(for: .seconds(6))
                let begin = connection.loop.timeNow
                try await connection.send("hi")
                try check(try await connection.receive(upTo: 2)?.count == 2)
                let taken = begin.duration(to: connection.loop.timeNow)
                try check(taken > .seconds(13) && taken < .seconds(15), "\(taken)")
            }
        }
        network.at(.seconds(5)) { _ in server.pause() }
        network.at(.seconds(20)) { _ in server.resume() }
        try network.run(for: .seconds(60))
    }

    @Test func `a resolver fails, takes its time, and works again`() throws {
        let (network, client, _) = try network {
            let resolver = AsyncResolver()
            func ask(_ limit: Duration) async -> ResolverError.Reason? {
                do throws(ResolverError) {
                    _ = try await resolver.addresses(of: "server", port: 7, within: limit)
                    return nil
                } catch { return error.reason }
            }
            let loop = try #require(EventLoop.running)
            try check(await ask(.seconds(10)) == .tryAgain)
            try await loop.sleep(for: .seconds(1))
            try check(await ask(.seconds(1)) == .timedOut)
            try check(await ask(.seconds(5)) == nil)
        }
        client.nameFailure = .tryAgain
        network.at(.milliseconds(500)) { _ in
            client.nameFailure = nil
            client.nameDelay = .seconds(3)
        }
        try network.run(for: .seconds(60))
    }

    @Test func `without a descriptor nothing is opened, and what is closed makes room`() throws {
        let (network, client, _) = try network {
            let connector = Connector()
            let first = try await connector.connect(to: "server:7")
            let second = try await connector.connect(to: "server:7")
            try check(await reason { _ = try await connector.connect(to: "server:7") } == .system(.tooManyOpenFiles))
            try check(await reason { _ = try await DatagramSocket(on: "*:0") } == .system(.tooManyOpenFiles))
            try check(await reason { _ = try await Listener(on: "*:0") } == .system(.tooManyOpenFiles))
            first.close()
            try await connector.connect(to: "server:7").close()
            second.close()
        }
        client.descriptorLimit = 2
        try network.run(for: .seconds(60))
    }

    @Test func `a server without descriptors pauses, and serves when there are some`() throws {
        let (network, _, server) = try network {
            let first = try await Connector().connect(to: "server:7")
            try await first.send("x")
            try check(try await first.receive(upTo: 1) != nil)
            try await withConnection(to: "server:7") { second in
                try await second.send("y")
                second.readDeadline = second.loop.timeNow.advanced(by: .seconds(3))
                try check(await reason { _ = try await second.receive(upTo: 1) } == .timedOut)
                first.close()
                second.readDeadline = second.loop.timeNow.advanced(by: .seconds(3))
                try check(try await second.receive(upTo: 1) != nil)
            }
        }
        server.descriptorLimit = 2
        try network.run(for: .seconds(60))
    }

    @Test func `clocks differ, disks are slow, and files outlive a crash`() throws {
        let dates = Mutex<[Duration]>([])
        let network = SimulatedNetwork(seed: 1)
        let starts = Mutex(0)
        let host = try network.host("host", files: ["etc/greeting": Array("hello".utf8)]) {
            let loop = try #require(EventLoop.running)
            let directory = try await loop.world.files.openDirectory(at: "/etc")
            dates.withLock { $0.append(loop.world.wallTime) }
            if starts.withLock({
                $0 += 1; return $0
            }) == 1 {
                let begin = loop.timeNow
                let bytes = try await directory.open("greeting").read(upTo: 100, at: 0)
                try check(bytes == Array("hello".utf8))
                try check(begin.duration(to: loop.timeNow) >= .milliseconds(200))
                try await directory.write(Array("saved".utf8), to: "note")
                let lost = try await directory.create("lost")
                try await lost.append([1])
                try await loop.sleep(for: .seconds(100))
                try await lost.commit(replacing: true, durably: true)
            } else {
                try check(try await directory.open("note").read(upTo: 100, at: 0) == Array("saved".utf8))
                do {
                    _ = try await directory.status(of: "lost")
                    throw Surprise("it was saved")
                } catch let error as FileError { try check(error.reason == .notFound) }
            }
        }
        host.diskDelay = .milliseconds(100)
        host.clockSkew = .seconds(-3600)
        network.at(.seconds(50)) { _ in host.crash() }
        network.at(.seconds(60)) { _ in host.restart() }
        try network.run(for: .seconds(300))
        #expect(starts.withLock { $0 } == 2 && host.hasEnded)
        #expect(
            dates.withLock { $0[0] } == .seconds(1_767_225_600 - 3600) + .milliseconds(100), "\(dates.withLock { $0 })")
    }

    /// A network with little room, and a server in it that resets its connection after two seconds.
    private func resettingNetwork() throws -> (SimulatedNetwork, SimulatedHost) {
        var settings = SimulatedNetwork.Settings()
        settings.bufferSize = 1000
        let network = SimulatedNetwork(seed: 1, settings)
        let server = try network.host("server") {
            let listener = try await Listener(on: "*:7")
            let connection = try await listener.accept()
            try await connection.loop.sleep(for: .seconds(2))
            connection.abort()
        }
        return (network, server)
    }

    /// A peer that has crashed, or is gone, and can't say so: its resets are lost.
    @Test(arguments: [true, false]) func `a reset that is lost comes again when it is asked for`(isBlocked: Bool) throws
    {
        let (network, server) = try resettingNetwork()
        let client = try network.client("client") {
            try await withConnection(to: "server:7") { connection in
                let loop = connection.loop
                if isBlocked {
                    let seen = await reason { try await connection.send([UInt8](repeating: 1, count: 5000)) }
                    try check(seen == .broken(.connectionReset), "\(String(describing: seen))")
                    try check(loop.timeNow.nanoseconds > 3_000_000_000)
                    return
                }
                try await loop.sleep(for: .seconds(5))
                try await connection.send("anybody?")
                let seen = await reason { _ = try await connection.receive(upTo: 1) }
                try check(seen == .broken(.connectionReset), "\(String(describing: seen))")
            }
        }
        network.at(.seconds(1)) { $0.cut(from: server, to: client) }
        network.at(.seconds(3)) { $0.heal() }
        try network.run(for: .seconds(3600))
        #expect(network.trace.count { $0.kind == .reset } >= 2)
    }

    @Test func `who waits for room at a peer that is cut off for good gives up`() throws {
        let (network, server) = try resettingNetwork()
        let client = try network.client("client") {
            try await withConnection(to: "server:7") { connection in
                let seen = await reason { try await connection.send([UInt8](repeating: 1, count: 5000)) }
                try check(seen == .broken(.timedOut), "\(String(describing: seen))")
            }
        }
        network.at(.seconds(1)) { $0.partition(client, from: server) }
        try network.run(for: .seconds(3600))
    }

    @Test func `what is sent again comes after twice the time, and in the end not at all`() throws {
        let (network, client, server) = try network {
            try await withConnection(to: "server:7") { connection in
                try await connection.loop.sleep(for: .seconds(2))
                try await connection.send("hi")
                _ = await reason { _ = try await connection.receive(upTo: 10) }
            }
        }
        network.at(.seconds(1)) { $0.partition(client, from: server) }
        try network.run(for: .seconds(3600))
        let times = network.trace.filter { $0.kind == .again(2) }.map(\.time)
        let first = try #require(network.trace.first { $0.kind == .bytes(2) }).time
        let gaps = zip([first] + times, times).map { $0.duration(to: $1) }
        // tcp_retries2: 15 times; 200 ms, 400 ms and so on to two minutes.
        #expect(gaps.count == 15)
        for (place, gap) in gaps.enumerated() {
            let expected = min(Duration.milliseconds(200) * (1 << place), .seconds(120))
            #expect(gap >= expected && gap < expected + .milliseconds(1), "\(place): \(gap)")
        }
    }
}
