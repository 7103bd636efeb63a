// SPDX-License-Identifier: Apache-2.0
import CSockets

/// Which task asks: the same pointer for as long as a task lives. Nothing but a comparison is meant by it.
@safe struct TaskIdentity: Equatable {
    private let task: UnsafeMutableRawPointer?

    /// The task that asks; outside of any task all are the same.
    @inline(__always)
    static var current: TaskIdentity { unsafe TaskIdentity(task: swift_task_getCurrent()) }

    static func == (left: TaskIdentity, right: TaskIdentity) -> Bool { unsafe left.task == right.task }
}
