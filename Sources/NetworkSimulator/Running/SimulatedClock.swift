// SPDX-License-Identifier: Apache-2.0
import Reactor
import Synchronization

/// Time that goes on only when it is told to. Any thread may read it.
final class SimulatedClock: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    /// What time it is.
    var now: LoopInstant { LoopInstant(nanoseconds: nanoseconds.load(ordering: .acquiring)) }

    /// Goes on; never back.
    func advance(to instant: LoopInstant) {
        precondition(instant >= now, "time does not go back")
        nanoseconds.store(instant.nanoseconds, ordering: .releasing)
    }
}
