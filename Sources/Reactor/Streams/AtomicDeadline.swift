// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// When a wait has to end, for any thread to move.
struct AtomicDeadline: ~Copyable, Sendable {
    private let nanoseconds = Atomic<Int64>(LoopInstant.never.nanoseconds)

    @inline(__always)
    var instant: LoopInstant {
        get { LoopInstant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
        nonmutating set { nanoseconds.store(newValue.nanoseconds, ordering: .relaxed) }
    }
}
