// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// So many bytes a second for one connection, or for several together, with a second's worth at once.
final class SharedRate: Sendable {
    private let bucket: Mutex<TokenBucket>
    /// Not byte by byte: what has to be there for sending to go on.
    private let portion: Int

    init(_ bytesPerSecond: Int) {
        bucket = Mutex(TokenBucket(rate: bytesPerSecond, capacity: bytesPerSecond))
        portion = max(1, bytesPerSecond / 100)
    }

    /// Takes bytes that have passed already; until when to let nothing pass now.
    func take(_ count: Int, at now: LoopInstant) -> LoopInstant {
        bucket.withLock { bucket in
            bucket.take(count, at: now)
            return bucket.available(at: now) > 0 ? now : bucket.whenAvailable(1, at: now)
        }
    }

    /// How many bytes may pass now; where none may, when some will.
    func allowance(at now: LoopInstant) -> (count: Int, next: LoopInstant) {
        bucket.withLock { bucket in
            let count = bucket.available(at: now)
            return (count, count > 0 ? now : bucket.whenAvailable(portion, at: now))
        }
    }
}
