// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Testing

@Suite struct ConformanceTests {
    // One list of promises for every carrier on everything that carries it
    @Test(arguments: Carrier.allCases, Ground.allCases)
    func `a connection does what a connection has to do`(carrier: Carrier, ground: Ground) async throws {
        let conformance = TransportConformance(withEnds: { use in
            try await carrier.withEnds(ground, use)
        })
        for failure in await conformance.failures() { Issue.record("\(failure)") }
    }

    // The suite itself: each fault is found by the check that names it
    @Test(arguments: Fault.allCases)
    func `a planted fault is found, and by its name`(fault: Fault) async throws {
        let conformance = TransportConformance(
            limit: .seconds(5),
            makeEnds: {
                let loop = try #require(EventLoop.running)
                let (first, second) = try await Connection.pair(on: loop)
                return (Connection(FaultyTransport(first, fault)), Connection(FaultyTransport(second, fault)))
            })
        let network = SimulatedNetwork()
        let host = try network.host("host")
        let failures = try await network.run(on: host) { await conformance.failures() }
        let names = failures.map(\.check)
        #expect(names.contains(fault.check), "\(failures)")
    }

    @Test func `ends that can't be made are told, and so is all that failed`() async throws {
        struct Planned: Error {}
        let conformance = TransportConformance(makeEnds: { throw Planned() })
        let failure = try #require(await conformance.failure(of: .order))
        #expect(failure.check == .order)
        #expect(
            "\(failure)"
                == "bytes arrive in order, whatever they were sent as: expected two connected ends, saw no ends")
        do {
            try await conformance.verify([.order, .leases])
            Issue.record("nothing was found")
        } catch {
            #expect(error.failures.map(\.check) == [.order, .leases])
        }
    }
}

/// What can be wrong with a transport.
enum Fault: CaseIterable, Sendable {
    case swapsBytes, losesByte, endsByEmptyRead, endsOnce, sendsBeyondRoom, missesWakeups, queuesReaders,
        closesSilently
    case swallowsReset

    /// The check that has to find it.
    var check: TransportConformance.Check {
        switch self {
        case .swapsBytes: .order
        case .losesByte: .bothWays
        case .endsByEmptyRead: .endStays
        case .endsOnce: .endStays
        case .sendsBeyondRoom: .slowReader
        case .missesWakeups: .pingPong
        case .queuesReaders: .secondReader
        case .closesSilently: .closeWakesReader
        case .swallowsReset: .peerAborts
        }
    }
}
