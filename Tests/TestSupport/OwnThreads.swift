// SPDX-License-Identifier: Apache-2.0
//
// Facts:    Swift's pool has one thread for each core, and a test that waits for a program, or in a system call, holds
//           one of them. Two such tests at a time, and no other goes on: not one that is on time by its own clock.
// Decision: suites that block say so, and have threads of their own.
import Foundation
public import Testing

/// A suite's tests may block: they run on threads that nobody else waits for.
public struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
    /// The suite's tests and suites too.
    public let isRecursive = true

    /// Runs a test where it may block.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(Threads.shared) { try await function() }
    }
}

extension Trait where Self == OwnThreads {
    /// The suite's tests may block.
    public static var blocking: OwnThreads { OwnThreads() }
}

/// As many threads as tests may be under way at once, and their children.
private final class Threads: TaskExecutor, @unchecked Sendable {
    static let shared = Threads(count: 32)

    /// Not a Mutex: the thread sanitizer does not see that one lock.
    private let lock = NSLock()
    private var waiting: [UnownedJob] = []
    private var next = 0
    private let available = DispatchSemaphore(value: 0)

    private init(count: Int) {
        for _ in 0..<count {
            Thread.detachNewThread { [self] in
                while true { take().runSynchronously(on: asUnownedTaskExecutor()) }
            }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        lock.withLock { waiting.append(job) }
        available.signal()
    }

    /// The next job in their order; waits for one.
    private func take() -> UnownedJob {
        available.wait()
        return lock.withLock {
            let job = waiting[next]
            next += 1
            if next == waiting.count { (waiting, next) = ([], 0) }
            return job
        }
    }
}
