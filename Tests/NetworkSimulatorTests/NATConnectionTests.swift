// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// TCP from behind a NAT, in the terms of RFC 5382. B-TW-22
@Suite(.blocking) struct NATConnectionTests {
    /// An echo server outside, and `ann` behind a NAT, whose task it is to run `client`.
    private static func network(
        _ behavior: NATBehavior = .portRestrictedCone, seed: UInt64 = 1,
        _ client: @escaping @Sendable (SimulatedNAT) async throws -> Void
    ) throws -> (network: SimulatedNetwork, home: SimulatedNAT) {
        let network = SimulatedNetwork(seed: seed)
        try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
        let home = try network.nat("home", behavior)
        try network.client("ann", behind: home) { try await client(home) }
        return (network, home)
    }

    private static func ask(_ connection: Connection, _ text: String = "hi") async throws {
        try await connection.send(text)
        let answer = try await connection.receive(upTo: text.utf8.count)
        try check(answer == Array(text.utf8), "\(String(describing: answer))")
    }

    @Test func `a connection goes out, its peer sees the NAT, and its end leaves nothing`() throws {
        let network = SimulatedNetwork(seed: 1)
        let home = try network.nat("home")
        try network.host("server") {
            try await serve(on: .public(7)) { connection in
                let peer = connection.peer.map { "\($0)" } ?? "nobody"
                try await connection.send(peer)
            }
        }
        for name in ["ann", "bob"] {
            try network.client(name, behind: home) {
                try await withConnection(to: "server:7", from: SocketAddress("0.0.0.0:5000")) { connection in
                    let seen = String(decoding: try await connection.receive(upTo: 100) ?? [], as: UTF8.self)
                    try check(["\(home.address):5000", "\(home.address):5001"].contains(seen), seen)
                    try check(home.mappings.contains { "\($0.outside)" == seen && $0.kind == .stream })
                }
            }
        }
        try network.run(for: .seconds(60))
        #expect(home.mappings.isEmpty)
        #expect(network.trace.count { $0.kind == .mapped } == 2)
    }

    @Test(arguments: [0.0, 0.1]) func `a stream past two NATs is whole and in order`(loss: Double) throws {
        try explore(seeds: 0..<20) { network in
            network.link = Link(latency: .milliseconds(5), jitter: .milliseconds(5), loss: loss)
            network.link.mtu = 1500
            try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
            let home = try network.nat("home", behind: try network.nat("carrier"))
            try network.client("ann", behind: home) {
                try await withConnection(to: "server:7", timeout: .seconds(600)) { connection in
                    let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
                    async let sent: Void = {
                        try await connection.send(bytes)
                        try await connection.shutdownSending()
                    }()
                    var seen: [UInt8] = []
                    while let piece = try await connection.receive(upTo: 65_536) { seen += piece }
                    try await sent
                    try check(seen == bytes, "\(seen.count) other bytes")
                }
            }
            try network.run(for: .seconds(3600))
            try check(home.mappings.isEmpty, "\(home.mappings)")
        }
    }

    @Test func `nobody connects to a NAT, nor is anybody told so`() throws {
        let (network, home) = try Self.network { _ in
            // While something has gone out: TCP lets nobody else in.
            try await withConnection(to: "server:7") { connection in
                try await Self.ask(connection)
                try await connection.loop.sleep(for: .seconds(300))
            }
        }
        try network.client("eve") {
            let mapped = SocketAddress(home.address, 49_152)
            let seen = await reason { try await withConnection(to: mapped, timeout: .seconds(600)) { _ in } }
            try check(seen == .timedOut, "\(String(describing: seen))")
        }
        try network.run(for: .seconds(1000))
        #expect(network.trace.count { $0.kind == .filtered(0) } == 7)
    }

    @Test func `who is refused is told so through a NAT, at once`() throws {
        let (network, home) = try Self.network { home in
            let loop = try #require(EventLoop.running)
            let begin = loop.timeNow
            let seen = await reason { try await withConnection(to: "server:8") { _ in } }
            try check(seen == .system(.connectionRefused), "\(String(describing: seen))")
            try check(begin.duration(to: loop.timeNow) < .milliseconds(1))
        }
        try network.run(for: .seconds(60))
        #expect(home.mappings.isEmpty)
    }

    // RFC 5382 §5
    @Test func `an idle connection is forgotten, and goes on into nothing`() throws {
        var behavior = NATBehavior.portRestrictedCone
        behavior.connectionTimeout = .seconds(600)
        let (network, home) = try Self.network(behavior) { home in
            try await withConnection(to: "server:7") { connection in
                for _ in 0..<3 {
                    try await Self.ask(connection)
                    try await connection.loop.sleep(for: .seconds(599))
                }
                try await Self.ask(connection)
                try await connection.loop.sleep(for: .seconds(601))
                try check(home.mappings.isEmpty)
                let begin = connection.loop.timeNow
                try await connection.send("hi")
                let seen = await reason { _ = try await connection.receive(upTo: 2) }
                try check(seen == .broken(.timedOut), "\(String(describing: seen))")
                try check(begin.duration(to: connection.loop.timeNow) > .seconds(600))
            }
        }
        try network.run(for: .seconds(20_000))
        #expect(home.mappings.isEmpty)
    }

    @Test(arguments: [true, false]) func `a NAT that forgets breaks what is there and serves what comes`(
        crashes: Bool
    ) throws {
        let (network, home) = try Self.network { home in
            try await withConnection(to: "server:7") { connection in
                try await Self.ask(connection)
                try await connection.loop.sleep(for: .seconds(10))
                connection.readDeadline = connection.loop.timeNow.advanced(by: .seconds(5))
                try await connection.send("hi")
                let seen = await reason { _ = try await connection.receive(upTo: 2) }
                try check(seen == .timedOut, "\(String(describing: seen))")
            }
            try await withConnection(to: "server:7") { try await Self.ask($0) }
        }
        network.at(.seconds(5)) { _ in if crashes { home.host.crash() } else { home.forgetMappings() } }
        if crashes { network.at(.seconds(6)) { _ in home.host.restart() } }
        try network.run(for: .seconds(3600))
        #expect(network.trace.contains { $0.kind == .fault(crashes ? .crash : .forget) })
    }

    @Test func `a table that is full delays a connection until there is room`() throws {
        var behavior = NATBehavior.portRestrictedCone
        behavior.capacity = 1
        let (network, _) = try Self.network(behavior) { _ in
            try await withConnection(to: "server:7") { first in
                try await Self.ask(first)
                let loop = first.loop
                _ = loop.schedule(after: .seconds(10)) { first.close() }
                try await withConnection(to: "server:7", timeout: .seconds(60)) { second in
                    try await Self.ask(second)
                    try check(first.loop.timeNow.nanoseconds > 10_000_000_000)
                }
            }
        }
        try network.run(for: .seconds(120))
        #expect(network.trace.contains { $0.kind == .dropped(0) })
    }

    @Test func `a partition behind a NAT holds a stream up until it heals`() throws {
        let (network, home) = try Self.network { _ in
            try await withConnection(to: "server:7") { connection in
                try await Self.ask(connection)
                try await connection.loop.sleep(for: .seconds(2))
                let begin = connection.loop.timeNow
                try await Self.ask(connection)
                try check(begin.duration(to: connection.loop.timeNow) > .seconds(7))
            }
        }
        let server = try network.host(named: "server")
        network.at(.seconds(1)) { $0.partition(home.host, from: server) }
        network.at(.seconds(10)) { $0.heal() }
        try network.run(for: .seconds(60))
    }
}
