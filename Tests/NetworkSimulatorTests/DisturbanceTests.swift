// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Faults by chance. B-TW-22
@Suite(.blocking) struct DisturbanceTests {
    /// What a fault by chance leaves in the trace when it begins; what it does when it ends.
    private static let traces: [Disturbance.Fault: [NetworkEvent.Fault]] = [
        .partition: [.cut, .cut, .heal, .heal], .cut: [.cut, .heal], .hold: [.hold, .release],
        .crash: [.crash, .restart], .pause: [.pause, .resume], .clockSkew: [.clock, .clock],
        .nameFailure: [.names, .names], .descriptorLimit: [.descriptors, .descriptors], .slowDisk: [.disk, .disk],
    ]

    @Test(arguments: Disturbance.Fault.allCases) func `each fault comes by chance, and ends by itself`(
        fault: Disturbance.Fault
    ) throws {
        let expected = try #require(Self.traces[fault])
        func run(_ seed: UInt64) throws -> String {
            let network = SimulatedNetwork(seed: seed)
            for name in ["one", "two"] {
                try network.host(name) { while true { try await EventLoop.running?.sleep(for: .seconds(1)) } }
            }
            network.disturb(
                Disturbance([fault], every: .seconds(9) ... .seconds(10), lasting: .seconds(1) ... .seconds(2)))
            var faults: [NetworkEvent.Fault] {
                network.trace.compactMap { if case .fault(let fault) = $0.kind { fault } else { nil } }
            }
            try network.run(within: .seconds(120)) { faults.count == 10 * expected.count }
            #expect(faults == (0..<10).flatMap { _ in expected })
            for host in network.hosts {
                #expect(host.isUp && !host.isPaused && host.clockSkew == .zero && host.nameFailure == nil)
                #expect(host.nameDelay == .zero && host.diskDelay == .zero && host.descriptorLimit == .max)
            }
            return network.traceText
        }
        let first = try run(1)
        #expect(try run(1) == first)
        #expect(try run(2) != first)
    }

    @Test func `each fault by chance is felt`() throws {
        let felt = Mutex<Set<String>>([])
        @Sendable func feel(_ what: String) { felt.withLock { _ = $0.insert(what) } }
        let network = SimulatedNetwork(seed: 4)
        try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
        try network.client("client", files: ["/data": [1]]) {
            let loop = try #require(EventLoop.running)
            for _ in 0..<400 {
                let drift = loop.world.wallTime - .seconds(1_767_225_600) - .nanoseconds(loop.timeNow.nanoseconds)
                if drift != .zero { feel("skew") }
                var begin = loop.timeNow
                do { _ = try await AsyncResolver().addresses(of: "server", port: 7) } catch { feel("no names") }
                if begin.duration(to: loop.timeNow) > .milliseconds(1) { feel("slow names") }
                if await reason({ try await withConnection(to: "10.0.0.1:7") { _ in } }) == .system(.tooManyOpenFiles) {
                    feel("descriptors")
                }
                begin = loop.timeNow
                _ = try await loop.world.files.openDirectory(at: "/")
                if begin.duration(to: loop.timeNow) > .milliseconds(1) { feel("disk") }
                try await loop.sleep(for: .milliseconds(200))
            }
        }
        network.disturb(
            Disturbance(
                [.clockSkew, .nameFailure, .descriptorLimit, .slowDisk], every: .milliseconds(500) ... .seconds(2),
                hosts: ["client"]))
        try network.run(for: .seconds(3600))
        #expect(felt.withLock { $0 } == ["skew", "no names", "slow names", "descriptors", "disk"])
    }

    @Test func `chance disturbs a network, and a client that tries again gets through`() throws {
        try explore(seeds: 0..<20) { network in
            try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
            try network.client("client") {
                let loop = try #require(EventLoop.running)
                var answers = 0
                while answers < 20 {
                    let answer = try? await withDeadline(.seconds(3)) {
                        try await withConnection(to: "server:7") { connection in
                            try await connection.send("hi")
                            return try await connection.receive(upTo: 2)
                        }
                    }
                    if answer != nil { answers += 1 }
                    try await loop.sleep(for: .milliseconds(500))
                }
            }
            network.disturb(
                Disturbance(every: .milliseconds(100) ... .seconds(3), hosts: ["server"]))
            try network.run(for: .seconds(600))
            try check(network.trace.contains { if case .fault = $0.kind { true } else { false } })
        }
    }
}
