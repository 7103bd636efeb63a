// SPDX-License-Identifier: Apache-2.0

/// A point in a loop's time: nanoseconds of a clock that never goes back. Only the difference of two means anything.
public struct LoopInstant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's beginning.
    public let nanoseconds: Int64

    /// A point in time.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// A point that never comes.
    public static var never: LoopInstant { LoopInstant(nanoseconds: .max) }

    /// The earlier one is less.
    public static func < (left: LoopInstant, right: LoopInstant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The point that far on; `never` where that is past all counting.
    public func advanced(by duration: Duration) -> LoopInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        if overflow { return duration < .zero ? LoopInstant(nanoseconds: 0) : .never }
        return LoopInstant(nanoseconds: sum)
    }

    /// How long it is from this point to the other; never negative.
    public func duration(to other: LoopInstant) -> Duration {
        other <= self ? .zero : .nanoseconds(other.nanoseconds &- nanoseconds)
    }
}

extension Duration {
    /// Rounded down; the largest number for what is longer than 292 years.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }

    /// For people and for graphs; below 104 days no nanosecond is lost.
    var inSeconds: Double { Double(wholeNanoseconds) / 1e9 }
}
