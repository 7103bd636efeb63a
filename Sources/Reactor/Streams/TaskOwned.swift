// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a cancellation handler at every wait costs a twentieth of what an echo costs.
// Decision: whoever runs the task that serves something cancels that as a whole, and the waits of that task need no
//           handler of their own. Any other task's waits, a child's perhaps, have one.

/// What one task serves, and what is cancelled with it.
package protocol TaskOwned: AnyObject, Sendable {
    /// The task that calls this serves it from now on. Called on the loop.
    func own()

    /// It has no such task any more. Called on the loop.
    func disown()

    /// The hard stop: its waits end with `.cancelled`. Any thread may call this.
    func cancel()
}

/// Runs `body` as the task that serves something: cancelling the task cancels that as a whole.
package nonisolated(nonsending) func withOwnership<Result>(
    of owned: some TaskOwned, _ body: nonisolated(nonsending) () async throws -> Result
) async rethrows -> Result {
    owned.own()
    defer { owned.disown() }
    return try await withTaskCancellationHandler {
        try await body()
    } onCancel: {
        owned.cancel()
    }
}
