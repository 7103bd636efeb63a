// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// What makes a network go. One caller at a time.
extension MemoryNetwork {
    /// Runs `body` as a task of a host, and the whole network until it has ended.
    ///
    /// A task of `body` that leaves its loop and opens something without naming a loop gets an error, and never the
    /// real network; a detached task and a thread do so too while the network claims the process
    /// (``Settings/claimsProcess``).
    ///
    /// What happens on the network after `body` has ended happens at the next run.
    ///
    /// - Throws: what `body` throws; ``NetworkStalled`` when `body` waits for what can never come: it is cancelled
    ///   then, and has ended when this throws.
    /// - Precondition: nobody else runs the network, and the caller is on no loop.
    public nonisolated(nonsending) func run<Result: Sendable>(
        on host: MemoryHost, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let end = Flag()
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(executorPreference: host.loop) {
                defer { end.set() }
                return try await Simulation.$world.withValue(host.world) { try await body() }
            }
            let stall = await fabric.scheduler.step(until: end) { group.cancelAll() }
            guard let result = await group.nextResult() else { preconditionFailure("a task without an end") }
            if let stall { throw stall }
            return try result.get()
        }
    }

    /// Runs the network until its clock has gone on for this long, or nothing is left to happen. The clock is then as
    /// far on in either case.
    ///
    /// - Precondition: nobody else runs the network, and the caller is on no loop.
    public func run(for duration: Duration) {
        let end = now.advanced(by: duration)
        fabric.scheduler.step(until: end)
    }

    /// Runs the network until `condition` holds; it is asked after each round of turns.
    ///
    /// - Throws: ``NetworkStalled`` when nothing is left to happen and the condition does not hold.
    /// - Precondition: as ``run(for:)``.
    public func run(until condition: () -> Bool) throws(NetworkStalled) {
        try fabric.scheduler.step(untilTrue: condition)
    }
}
