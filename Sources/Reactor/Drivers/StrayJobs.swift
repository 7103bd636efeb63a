// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a job that no executor of ours takes goes to Swift's own threads: `Task {}`, `Task.detached`, a hop to the
//           main actor, and whoever outside waits for something inside. The runtime has a hook for it, one for the
//           whole process. `Task.sleep` has none in Swift 6.3.1, though the runtime declares two: it waits unseen.
// Decision: what is enqueued there by a thread that is in a loop's turn is told to the loop's driver. The rest of the
//           process pays for one look at a thread-local variable.
import CSockets

/// Jobs that leave the loop on which they were made.
package enum StrayJobs {
    /// From now on, and for good, every driver is told of the jobs that leave its loop.
    package static func watch() { _ = installation }

    private static let installation: Void = nw_watch_strays {
        EventLoop.running?.driver.jobLeaves(of: Task<Never, Never>.name)
    }
}
