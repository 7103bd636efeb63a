// SPDX-License-Identifier: Apache-2.0
import Logging
import NetworkSimulator
import Reactor
import Testing

/// What is put around a connection changes nothing of what a connection has to do.
@Suite struct PolicyConformanceTests {
    enum Policy: CaseIterable, Sendable {
        case fast, slow, pieces, lines, all

        func apply(to connection: Connection) async throws -> Connection {
            switch self {
            case .fast: try await throttled(connection, 200_000_000)
            case .slow: try await throttled(connection, 4_000_000)
            case .pieces: try await connection.logged(to: TrafficLog(KeptLog(.info).logger))
            case .lines: try await connection.logged(to: TrafficLog(Self.silent, form: .lines, maximumLength: 20))
            case .all:
                try await throttled(
                    connection.logged(to: TrafficLog(Self.silent)).limited(idle: .seconds(600)), 10_000_000
                )
                .logged(to: TrafficLog(Self.silent, form: .lines))
            }
        }

        /// Sees everything and keeps nothing.
        private static var silent: Logger {
            var handler = SwiftLogNoOpLogHandler()
            handler.logLevel = .trace
            let silent = handler
            var logger = Logger(label: "silent") { _ in silent }
            logger.logLevel = .trace
            return logger
        }

        private func throttled(_ connection: Connection, _ rate: Int) async throws -> Connection {
            try await connection.throttled(
                receiving: Throttle(bytesPerSecond: rate), sending: Throttle(bytesPerSecond: rate))
        }
    }

    // In memory time costs nothing: every policy
    @Test(arguments: Policy.allCases)
    func `in memory, a connection with a policy does what a connection has to do`(policy: Policy) async throws {
        try await check(policy, .memory)
    }

    // On the system's network: those that need no time
    @Test(arguments: [Policy.fast, .pieces, .lines])
    func `on the network, a connection with a policy does what a connection has to do`(policy: Policy) async throws {
        try await check(policy, .epoll)
    }

    private func check(_ policy: Policy, _ ground: Ground) async throws {
        let conformance = TransportConformance(withEnds: { use in
            try await Carrier.tcp.withEnds(ground) { first, second in
                try await use(policy.apply(to: first), policy.apply(to: second))
            }
        })
        for failure in await conformance.failures() { Issue.record("\(policy): \(failure)") }
    }
}
