// SPDX-License-Identifier: Apache-2.0
import Sockets

/// The deadline that every wait of a task has, besides the connection's own.
package enum Deadline {
    @TaskLocal package static var current = LoopInstant.never

    @inline(__always)
    static func earliest(_ other: LoopInstant) -> LoopInstant { min(current, other) }

    /// In a closure that is not isolated as its caller `body` would begin somewhere else.
    fileprivate static func with<Result>(
        _ deadline: LoopInstant, isolation: isolated (any Actor)?,
        _ body: nonisolated(nonsending) () async throws -> Result
    ) async rethrows -> Result {
        try await $current.withValue(deadline) {
            _ = isolation
            return try await body()
        }
    }
}

/// Gives everything that `body` waits for a common end: from then on each wait throws `.timedOut`. Deadlines nest, and
/// the earliest counts. What `body` does besides waiting is not interrupted.
///
/// ```swift
/// try await withDeadline(.seconds(5)) { try await connection.send(question); return try await connection.receive(upTo:
/// 100) }
/// ```
/// - Parameter limit: from now on.
/// - Throws: what `body` throws.
public nonisolated(nonsending) func withDeadline<Result>(
    _ limit: Duration, _ body: nonisolated(nonsending) () async throws -> Result
) async rethrows -> Result {
    let world = EventLoop.running?.world ?? Simulation.world
    let now = world?.now() ?? LoopInstant(nanoseconds: SystemClock.nanoseconds)
    let deadline = Deadline.earliest(now.advanced(by: limit))
    return try await Deadline.with(deadline, isolation: #isolation, body)
}
