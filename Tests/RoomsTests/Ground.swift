// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import TestSupport
import Testing

/// Every test that opens a loop has a place.
let places = Places(12)

/// What a test of the rooms runs on.
enum Ground: String, CaseIterable, Sendable {
    /// A loop with its thread, and the machine's network.
    case real
    /// A network in memory, whose clock jumps.
    case memory
}

/// The loop of a ground, for as long as `body` runs on it or beside it.
func withLoop(of ground: Ground, _ body: @escaping @Sendable (EventLoop) async throws -> Void) async throws {
    try await places.take {
        if ground == .memory {
            let network = SimulatedNetwork()
            let host = try network.host("host")
            return try await network.run(on: host) { try await body(host.loop) }
        }
        let thread = try LoopThread()
        defer { thread.stop() }
        try await withTaskExecutorPreference(thread.loop) { try await body(thread.loop) }
    }
}

/// Starts a task beside the test, on the loop that the caller is on.
func start<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) -> Task<Result, any Error> {
    Task(executorPreference: EventLoop.running) { try await body() }
}

/// Asks again and again until it is so; a failure after 20 seconds of the loop's time.
func until(
    on loop: EventLoop, _ location: SourceLocation = #_sourceLocation, _ isSo: () async throws -> Bool
) async throws {
    let end = loop.timeNow.advanced(by: .seconds(20))
    while try await !isSo() {
        try #require(loop.timeNow < end, sourceLocation: location)
        try await loop.sleep(for: .milliseconds(1))
    }
}
