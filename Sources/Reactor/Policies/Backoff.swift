// SPDX-License-Identifier: Apache-2.0

/// How long to wait after the first failure, the second one and so on: each time longer by a factor, up to a maximum,
/// and never quite as long as the others wait, so that the clients of a server that comes back don't all come at once.
/// A plain value that knows neither clock nor chance: it is given numbers.
///
/// ```swift
/// var backoff = Backoff(retries: 5)
/// var randomness = loop.world.randomness
/// while let pause = backoff.next(using: &randomness) { try await loop.sleep(for: pause) }
/// ```
/// Twisted: `backoffPolicy`, `ReconnectingClientFactory`.
public struct Backoff: Hashable, Sendable {
    /// The first wait, before chance has its part.
    public let initial: Duration
    /// How much longer each wait is than the one before.
    public let factor: Double
    /// The part of a wait that chance adds or takes: 0.1 makes of 10 seconds something from 9 to 11.
    public let jitter: Double
    /// The longest wait, chance included.
    public let maximum: Duration
    /// How many waits there are; nil without an end.
    public let retries: Int?

    /// How many waits there have been since the beginning, or since ``reset()``.
    public private(set) var count = 0
    /// The next wait in seconds, before chance has its part.
    private var seconds: Double

    /// A series of waits.
    ///
    /// - Precondition: `initial` is more than zero and at most `maximum`, `factor` at least 1, `jitter` from 0 to below
    ///   1, and `retries` not negative.
    public init(
        initial: Duration = .seconds(1), factor: Double = 1.5, jitter: Double = 0.12,
        maximum: Duration = .seconds(60), retries: Int? = nil
    ) {
        precondition(initial > .zero && initial <= maximum, "a first wait of \(initial), and at most \(maximum)")
        precondition(factor >= 1 && factor.isFinite, "each wait is \(factor) times the one before")
        precondition((0..<1).contains(jitter), "chance changes a wait by \(jitter) of it")
        precondition(retries ?? 0 >= 0, "\(retries ?? 0) waits")
        self.initial = initial
        self.factor = factor
        self.jitter = jitter
        self.maximum = maximum
        self.retries = retries
        seconds = initial.inSeconds
    }

    /// The next wait; nil when there have been ``retries``.
    public mutating func next(using randomness: inout some RandomNumberGenerator) -> Duration? {
        if let retries, count >= retries { return nil }
        count += 1
        // 53 bits make a number from 0 to below 1.
        let chance = Double(randomness.next() >> 11) * 0x1p-53
        let wanted = min(maximum.inSeconds, seconds * (1 + jitter * (2 * chance - 1)))
        seconds = min(maximum.inSeconds, seconds * factor)
        return min(maximum, .nanoseconds(Int64(wanted * 1e9)))
    }

    /// Begins anew: it went well for a while.
    public mutating func reset() {
        count = 0
        seconds = initial.inSeconds
    }
}
