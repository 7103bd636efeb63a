// SPDX-License-Identifier: Apache-2.0

/// How much may be done by when: a bucket that fills at a steady rate, up to its rim, and is drawn from. A plain value
/// that knows no clock: it is told the time.
///
/// ```swift
/// var bucket = TokenBucket(rate: 1_000, capacity: 5_000)
/// bucket.take(bucket.available(at: loop.timeNow), at: loop.timeNow)
/// ```
/// It counts in billionths of a token, so that nothing is lost by looking often. Time that goes back counts as none.
public struct TokenBucket: Hashable, Sendable {
    /// Tokens that come in a second.
    public let rate: Int
    /// The most that it holds: what may be done at once after a rest.
    public let capacity: Int

    /// In billionths. Below zero after more was taken than was there.
    private var level: Int128
    private var last: LoopInstant?

    private static let whole: Int128 = 1_000_000_000

    /// A bucket that is full. Its time begins when it is first asked.
    ///
    /// - Precondition: both are at least 1.
    public init(rate: Int, capacity: Int) {
        precondition(rate >= 1 && capacity >= 1, "a bucket of \(capacity) that fills by \(rate) a second is of no use")
        self.rate = rate
        self.capacity = capacity
        level = Int128(capacity) * Self.whole
    }

    /// How many tokens there are; 0 while more were taken than there were.
    public mutating func available(at now: LoopInstant) -> Int {
        fill(until: now)
        return level <= 0 ? 0 : Int(level / Self.whole)
    }

    /// Takes tokens, also more than there are: then nothing is available until that is made up for.
    ///
    /// - Precondition: `count` is not negative.
    public mutating func take(_ count: Int, at now: LoopInstant) {
        precondition(count >= 0, "a bucket is not filled by hand")
        fill(until: now)
        level -= Int128(count) * Self.whole
    }

    /// When there will be so many tokens, if nobody takes any until then; now if there are. Of more than it holds,
    /// when it is full.
    public mutating func whenAvailable(_ count: Int, at now: LoopInstant) -> LoopInstant {
        fill(until: now)
        let missing = Int128(min(count, capacity)) * Self.whole - level
        if missing <= 0 { return now }
        let wait = (missing + Int128(rate) - 1) / Int128(rate)
        return max(now, last ?? now).advanced(by: .nanoseconds(Int64(clamping: wait)))
    }

    private mutating func fill(until now: LoopInstant) {
        guard let last else {
            last = now
            return
        }
        if now <= last { return }
        let elapsed = Int128(now.nanoseconds) - Int128(last.nanoseconds)
        level = min(level + elapsed * Int128(rate), Int128(capacity) * Self.whole)
        self.last = now
    }
}
