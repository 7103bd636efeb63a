// SPDX-License-Identifier: Apache-2.0
import Synchronization

extension EventLoop {
    /// Turns the loop on the calling thread until `body`, which runs on it, has ended: the `main` of a program that
    /// needs one loop and no thread besides. Python: `asyncio.run`.
    ///
    /// ```swift
    /// let loop = try EventLoop()
    /// try loop.runUntilComplete { try await serve(on: ":7") { try await $0.echo() } }
    /// ```
    /// The calling thread is blocked meanwhile; the task of `body` is one that a scope waits for.
    ///
    /// - Precondition: no loop is in a turn on this thread, and nobody else turns this one.
    /// - Throws: what `body` throws.
    public func runUntilComplete<Result: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () async throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let outcome = Outcome<Result, Failure>()
        Task(executorPreference: self) { [self] in
            do throws(Failure) { outcome.set(.success(try await body())) } catch { outcome.set(.failure(error)) }
            // The turn that follows must not wait for the network.
            enqueue {}
        }
        while true {
            if let result = outcome.get() { return try result.get() }
            // A failed wait is the loop's end: without it there is nothing that could go on.
            do { try turn() } catch { preconditionFailure("\(error)") }
        }
    }

    private final class Outcome<Result: Sendable, Failure: Error>: Sendable {
        private let result = Mutex<Swift.Result<Result, Failure>?>(nil)

        func set(_ value: Swift.Result<Result, Failure>) { result.withLock { $0 = value } }
        func get() -> Swift.Result<Result, Failure>? { result.withLock { $0 } }
    }
}
