// SPDX-License-Identifier: Apache-2.0
import CSockets

/// The clock of the blocking face: it never goes back. Everything above `Sockets` asks its world for the time instead.
///
/// A plain number and no `ContinuousClock.Instant`, whose size the compiler looks up at run time: that is 15 ns a call.
package enum SystemClock {
    /// The time since the machine started.
    ///
    /// C: `clock_gettime(2)` with `CLOCK_MONOTONIC`.
    package static var now: Duration { .nanoseconds(nanoseconds) }

    /// The same as a number.
    package static var nanoseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The time since the start of 1970 (UTC), without leap seconds. It may go back when somebody sets the clock.
    ///
    /// C: `clock_gettime(2)` with `CLOCK_REALTIME`.
    package static var wall: Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
