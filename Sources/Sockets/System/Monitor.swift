// SPDX-License-Identifier: Apache-2.0
import CSockets

/// A value that threads share, and may wait for each other over. Hoare's monitor.
///
/// C: `pthread_mutex_lock(3)`, `pthread_cond_timedwait(3)`.
@safe package final class Monitor<State: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    package init(_ state: State) {
        self.state = state
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        // The clock that nobody sets: a wait must not end early or late because the date was put right.
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread is in here.
    package func withLock<Answer, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Wakes one of the threads that wait.
    package func notify() { unsafe pthread_cond_signal(condition) }

    /// Wakes all of them.
    package func notifyAll() { unsafe pthread_cond_broadcast(condition) }

    /// Blocks until `body` has an answer, which it is asked for again at each ``notify()``.
    ///
    /// - Parameters:
    ///   - limit: how long at most.
    ///   - otherwise: what is done, still alone in here, when time is up.
    /// - Returns: the answer; nil when time is up.
    package func wait<Answer>(
        atMost limit: Duration, for body: (inout State) -> Answer?, otherwise: (inout State) -> Void
    ) -> Answer? {
        var deadline = timespec(instant: SystemClock.now + min(limit, .seconds(86_400)))
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let answer = body(&state) { return answer }
            if unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT {
                if let answer = body(&state) { return answer }
                otherwise(&state)
                return nil
            }
        }
    }
}

extension timespec {
    /// A point in time: unlike a limit it may be as large as the machine is old.
    fileprivate init(instant: Duration) {
        let (seconds, attoseconds) = instant.components
        self.init(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    }
}
