// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a callback belongs to no task, and looking a name up takes one: so does trying its addresses in turns.
// Decision: the loop is the scope of such a task. It runs there and nowhere else, the loop counts it, whoever started
//           it can cancel it, and a loop that is stopped cancels what it started and goes on until that has ended.

/// A task that a callback starts on its loop: the one place of the library in which a task begins outside of another.
struct LoopTask: Sendable {
    private let task: Task<Void, Never>

    /// Starts it; called on the loop, or before the loop's first turn.
    init(on loop: EventLoop, _ body: @escaping @Sendable () async -> Void) {
        loop.callbacks.taskCount += 1
        task = Task(executorPreference: loop) {
            await body()
            loop.callbacks.taskCount -= 1
            // Whoever waits for everything to end looks again.
            loop.callbacks.append {}
        }
    }

    /// Cancels it.
    func cancel() { task.cancel() }
}
