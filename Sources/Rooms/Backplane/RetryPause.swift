// SPDX-License-Identifier: Apache-2.0
import Reactor

/// How long to wait before the next attempt at something: longer each time, and not the same for everybody.
struct RetryPause {
    static let shortest = Duration.milliseconds(100)
    static let longest = Duration.seconds(10)

    private var next = Self.shortest

    /// The next pause: half of it by chance, so that those who lost a server together don't come back together.
    mutating func take(_ randomness: Randomness) -> Duration {
        var randomness = randomness
        let pause = next
        next = min(next * 2, Self.longest)
        let share = Double(randomness.next() >> 11) / Double(1 << 53)
        return pause * (0.5 + share / 2)
    }

    /// It has worked.
    mutating func reset() { next = Self.shortest }
}
