// SPDX-License-Identifier: Apache-2.0
import Reactor
import TestSupport
import Testing

@Suite struct TokenBucketTests {
    private func at(_ milliseconds: Int64) -> LoopInstant { LoopInstant(nanoseconds: milliseconds * 1_000_000) }

    @Test func `a bucket begins full, and fills at its rate up to its rim`() {
        var bucket = TokenBucket(rate: 1000, capacity: 100)
        #expect(bucket.available(at: at(5_000)) == 100)
        bucket.take(100, at: at(5_000))
        #expect(bucket.available(at: at(5_000)) == 0)
        #expect(bucket.available(at: at(5_001)) == 1)
        #expect(bucket.available(at: at(5_050)) == 50)
        #expect(bucket.available(at: at(9_000)) == 100)
    }

    @Test func `what is taken too much is made up for`() {
        var bucket = TokenBucket(rate: 10, capacity: 10)
        bucket.take(30, at: at(0))
        #expect(bucket.available(at: at(2_000)) == 0)
        #expect(bucket.whenAvailable(1, at: at(0)) == at(2_100))
        #expect(bucket.available(at: at(2_100)) == 1)
    }

    @Test func `it is told when there will be enough, to the nanosecond`() {
        var bucket = TokenBucket(rate: 3, capacity: 3)
        #expect(bucket.whenAvailable(3, at: at(0)) == at(0))
        bucket.take(3, at: at(0))
        let one = bucket.whenAvailable(1, at: at(0))
        #expect(one.nanoseconds == 333_333_334)
        #expect(bucket.available(at: LoopInstant(nanoseconds: one.nanoseconds - 1)) == 0)
        #expect(bucket.available(at: one) == 1)
        // More than it holds: when it is full.
        #expect(bucket.whenAvailable(1000, at: one) == at(1_000))
    }

    @Test func `time that goes back brings nothing, and huge numbers overflow nothing`() {
        var bucket = TokenBucket(rate: .max, capacity: .max)
        #expect(bucket.available(at: at(1_000)) == .max)
        bucket.take(.max, at: at(0))
        bucket.take(.max, at: at(0))
        #expect(bucket.available(at: at(0)) == 0)
        #expect(bucket.available(at: .never) == .max)
        #expect(bucket.available(at: at(0)) == .max)
        var slow = TokenBucket(rate: 1, capacity: .max)
        slow.take(.max, at: at(0))
        #expect(slow.whenAvailable(.max, at: at(0)) == .never)
    }

    // Whoever takes what there is at whatever times never gets more than the rate and the rim allow.
    @Test(arguments: 0..<20)
    func `over any time no more passes than the rate`(seed: UInt64) {
        var randomness = Randomness.seeded(seed)
        let (rate, capacity) = (Int(randomness.next() % 1000) + 1, Int(randomness.next() % 500) + 1)
        var bucket = TokenBucket(rate: rate, capacity: capacity)
        var (now, taken): (Int64, Int) = (0, capacity)
        bucket.take(capacity, at: at(0))
        for _ in 0..<2000 {
            now += Int64(randomness.next() % 20_000_000)
            let count = bucket.available(at: LoopInstant(nanoseconds: now))
            bucket.take(count, at: LoopInstant(nanoseconds: now))
            taken += count
            let allowed = Int128(capacity) * 1_000_000_000 + Int128(now) * Int128(rate)
            #expect(Int128(taken) * 1_000_000_000 <= allowed)
            // Nothing is lost by looking often: what is missing has only not come yet, or has gone over the rim.
            if rate / 50 < capacity { #expect(allowed - Int128(taken) * 1_000_000_000 < 1_000_000_000) }
        }
    }
}
