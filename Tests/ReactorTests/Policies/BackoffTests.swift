// SPDX-License-Identifier: Apache-2.0
import Reactor
import Testing

// B-TW-13, B-TW-14: initial delay, factor, jitter, maximum, retries, reset
@Suite struct BackoffTests {
    private func waits(_ backoff: Backoff, _ count: Int, seed: UInt64 = 1) -> [Duration?] {
        var (backoff, randomness) = (backoff, Randomness.seeded(seed))
        return (0..<count).map { _ in backoff.next(using: &randomness) }
    }

    @Test func `without chance each wait is longer by the factor, up to the maximum`() {
        let backoff = Backoff(initial: .seconds(1), factor: 2, jitter: 0, maximum: .seconds(10))
        #expect(waits(backoff, 6) == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        let steady = Backoff(initial: .milliseconds(1500), factor: 1, jitter: 0, maximum: .seconds(2))
        #expect(waits(steady, 3) == [.milliseconds(1500), .milliseconds(1500), .milliseconds(1500)])
    }

    @Test func `waits come to an end, and begin anew after a reset`() {
        var backoff = Backoff(initial: .seconds(1), factor: 3, jitter: 0, retries: 2)
        var randomness = Randomness.seeded(1)
        #expect(backoff.next(using: &randomness) == .seconds(1))
        #expect(backoff.next(using: &randomness) == .seconds(3))
        #expect(backoff.next(using: &randomness) == nil)
        #expect(backoff.count == 2)
        backoff.reset()
        #expect(backoff.count == 0)
        #expect(backoff.next(using: &randomness) == .seconds(1))
        #expect(waits(Backoff(retries: 0), 1) == [nil])
    }

    @Test func `chance moves each wait within its bounds, and never over the maximum`() {
        let backoff = Backoff(initial: .seconds(10), factor: 1, jitter: 0.12, maximum: .seconds(11))
        let all = waits(backoff, 1000).compactMap { $0 }
        #expect(all.count == 1000)
        #expect(all.allSatisfy { $0 >= .milliseconds(8800) && $0 <= .seconds(11) })
        #expect(all.contains { $0 < .milliseconds(9000) } && all.contains { $0 == .seconds(11) })
        // The middle is where it should be.
        #expect(all.count { $0 < .seconds(10) } > 400 && all.count { $0 > .seconds(10) } > 400)
    }

    @Test func `the same chance makes the same waits, and another one others`() {
        let backoff = Backoff()
        #expect(waits(backoff, 10, seed: 7) == waits(backoff, 10, seed: 7))
        #expect(waits(backoff, 10, seed: 7) != waits(backoff, 10, seed: 8))
    }

    @Test func `a thousand failures overflow nothing`() {
        let backoff = Backoff(initial: .nanoseconds(1), factor: 1e300, jitter: 0.99, maximum: .seconds(3600))
        #expect(waits(backoff, 1000).allSatisfy { ($0 ?? .seconds(4000)) <= .seconds(3600) })
    }
}
