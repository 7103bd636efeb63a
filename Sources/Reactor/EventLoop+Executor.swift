// SPDX-License-Identifier: Apache-2.0
import Synchronization

extension EventLoop: TaskExecutor, SerialExecutor {
    /// Takes a task's next job: at once into the queue of this turn when called from the loop, else by way of the
    /// inbox.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            jobs.append(job)
            return
        }
        let wake = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.isAnnounced = true }
            return !inbox.isAnnounced
        }
        if wake { driver.wake() }
    }

    /// For actors that live on this loop.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// Whether the caller is on the loop.
    public func checkIsolated() {
        precondition(isCurrent, "this runs outside of its loop")
    }
}
