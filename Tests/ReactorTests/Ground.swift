// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import TestSupport
import Testing

/// Every test that opens a loop, or more than a few sockets, has a place.
let places = Places(24)

/// What a test of the engine runs on.
enum Ground: String, CaseIterable, Sendable {
    /// The process's loops, several of them.
    case shared
    /// A loop of its own, by each mechanism of the system.
    case epoll, poll, select
    /// A network in memory, whose clock jumps.
    case memory

    /// Those with one loop.
    static let loops: [Ground] = [.epoll, .poll, .select, .memory]

    /// Runs `body`: with the loop to use, nil for the process's own ones. In memory everything has to stay on the loop.
    func run(_ body: @escaping @Sendable (EventLoop?) async throws -> Void) async throws {
        try await places.take { try await runInPlace(body) }
    }

    private func runInPlace(_ body: @escaping @Sendable (EventLoop?) async throws -> Void) async throws {
        if self == .shared { return try await body(nil) }
        guard let mechanism = World.Mechanism(rawValue: rawValue) else {
            let network = SimulatedNetwork()
            let host = try network.host("host")
            return try await network.run(on: host) { try await body(host.loop) }
        }
        let thread = try LoopThread(in: .real(mechanism))
        defer { thread.stop() }
        try await body(thread.loop)
    }
}

/// The one loop of a ground, for as long as `body` runs on it or beside it.
func withLoop(of ground: Ground, _ body: @escaping @Sendable (EventLoop) async throws -> Void) async throws {
    try await ground.run { loop in try await body(try #require(loop)) }
}

/// Starts a task beside the test: on the loop that the caller is on, if it is on one.
func start<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) -> Task<Result, any Error> {
    Task(executorPreference: EventLoop.running) { try await body() }
}
