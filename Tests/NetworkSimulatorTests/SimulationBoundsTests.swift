// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// What keeps a simulation from reaching the real world: its own names, and no loop for who is on none.
@Suite(.blocking) struct SimulationBoundsTests {
    private func outcome(_ body: () async throws -> Void) async -> ResolverError.Reason? {
        do {
            try await body()
            return nil
        } catch { return (error as? ResolverError)?.reason }
    }

    // MARK: Names

    @Test func `a host is found by its name, and an unknown one by nobody`() async throws {
        let network = SimulatedNetwork()
        let client = try network.host("client")
        let server = try network.host("Server.test", at: IPAddress("10.9.8.7"), IPAddress("fd00::7"))
        try await network.run(on: client) {
            let echo = try await Server(on: "10.9.8.7:7", loop: server.loop) { try await $0.echo() }
            async let running: Void = echo.run()
            for name in ["server.test", "SERVER.TEST"] {
                try await withConnection(to: "\(name):7") { connection in
                    try await connection.send("hi")
                    #expect(try await connection.receive(upTo: 2) == Array("hi".utf8))
                }
            }
            echo.drain()
            try await running
            do {
                try await withConnection(to: "localhos.test:7") { _ in }
                Issue.record("it was found")
            } catch { #expect((error as? SocketError)?.isNameNotFound == true, "\(error)") }
        }
    }

    @Test func `names have addresses of each family, and addresses have names`() async throws {
        let network = SimulatedNetwork()
        let client = try network.host("client")
        _ = try network.host("server", at: IPAddress("10.9.8.7"), IPAddress("fd00::7"))
        try await network.run(on: client) {
            let resolver = AsyncResolver()
            #expect(
                try await resolver.addresses(of: "server.", port: 80)
                    == [SocketAddress("10.9.8.7:80"), SocketAddress("[fd00::7]:80")])
            #expect(
                try await resolver.addresses(of: "server", port: 80, family: .ipv6) == [SocketAddress("[fd00::7]:80")])
            #expect(
                try await resolver.addresses(of: "localhost", port: 1)
                    == [SocketAddress("127.0.0.1:1"), SocketAddress("[::1]:1")])
            #expect(
                await outcome { _ = try await resolver.addresses(of: "client", port: 1, family: .ipv6) } == .noData)
            #expect(await outcome { _ = try await resolver.addresses(of: "example.com", port: 1) } == .nameNotFound)
            #expect(
                await outcome { _ = try await resolver.resolve(NameQuestion(host: "server", service: "http")) }
                    == .service)
            let answer = try await resolver.name(of: SocketAddress("[fd00::7]:80"))
            #expect(answer.host == "server" && answer.service == "80")
            #expect(try await resolver.name(of: SocketAddress("10.1.1.1:80")).host == "10.1.1.1")
            #expect(
                await outcome { _ = try await resolver.name(of: SocketAddress("10.1.1.1:80"), flags: .nameRequired) }
                    == .nameNotFound)
        }
    }

    // MARK: Callers

    /// What becomes of a caller that opens something and names no loop.
    private static func open() async -> [SocketError.Reason?] {
        [
            await reason { try await withConnection(to: "127.0.0.2:1") { _ in } },
            await reason { _ = try await Listener(on: "127.0.0.2:0") },
            await reason { _ = try await Server(on: "127.0.0.2:0") { _ in } },
            await reason { _ = try await DatagramSocket(on: "127.0.0.2:0") },
            await reason { _ = try await Connection.pair() },
        ]
    }

    private static let refused = SocketError.Reason.invalid(
        "a simulation runs, and the caller is on no loop and names none")

    @Test func `a task that has left its loop does not get the real network`() async throws {
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let reasons = try await network.run(on: host) {
            // It leaves the loop and takes the task's values with it. Something has to happen meanwhile.
            let stray = Task {
                // One that names its loop is at home.
                let (first, second) = try await Connection.pair(on: host.loop)
                first.close()
                second.close()
                return (await Self.open(), EventLoop.running == nil)
            }
            let isDone = Flag()
            async let ticking: Void = { while !isDone.isSet { try await host.loop.sleep(for: .milliseconds(1)) } }()
            let (reasons, wasOutside) = try await stray.value
            isDone.set()
            try await ticking
            #expect(wasOutside)
            return reasons
        }
        #expect(reasons == Array(repeating: Self.refused, count: 5))
        // And what has nothing to do with the simulation is as before.
        #expect(await Self.open()[1...] == [nil, nil, nil, nil])
    }

    @Test func `a network that claims the process keeps everybody off the real one, while it runs`() async {
        // In a process of its own: other tests use the real network.
        await #expect(processExitsWith: .success) {
            var settings = SimulatedNetwork.Settings()
            settings.claimsProcess = true
            let network = SimulatedNetwork(settings)
            let host = try network.host("host")
            let reasons = try await network.run(on: host) {
                let stray = Task.detached { await SimulationBoundsTests.open() }
                let isDone = Flag()
                async let ticking: Void = { while !isDone.isSet { try await host.loop.sleep(for: .milliseconds(1)) } }()
                let reasons = await stray.value
                isDone.set()
                try await ticking
                return reasons
            }
            try #require(reasons == Array(repeating: SimulationBoundsTests.refused, count: 5))
            try #require(await SimulationBoundsTests.open()[1...] == [nil, nil, nil, nil])
        }
    }
}
