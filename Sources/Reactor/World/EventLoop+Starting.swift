// SPDX-License-Identifier: Apache-2.0

extension EventLoop {
    /// Starts a task on the loop for who is on none and has no scope: a simulation, which ends it by cancelling and
    /// turns the loop until it has ended. ``EventLoop/running`` is the loop, and the task belongs to its world.
    package func start(named name: String, _ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(name: name, executorPreference: self) { [world] in
            await Simulation.$world.withValue(world) { await body() }
        }
    }
}
