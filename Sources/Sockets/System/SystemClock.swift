// SPDX-License-Identifier: Apache-2.0

/// The clock of the blocking face: it never goes back, and counts on while the machine sleeps. Everything above
/// `Sockets` asks its world for the time instead.
///
/// C: `clock_gettime(2)` with `CLOCK_BOOTTIME`.
package enum SystemClock {
    package typealias Instant = ContinuousClock.Instant

    package static var now: Instant { ContinuousClock.now }
}
