// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// A rate that bytes may pass at. One connection's, or that of several together, on as many loops as they like.
///
/// ```swift
/// let all = Throttle(bytesPerSecond: 1_000_000)
/// let server = try await Server(on: ":9999") { connection in
///     let connection = try await connection.throttled(receiving: all, sending: Throttle(bytesPerSecond: 64_000))
///     try await connection.echo()
/// }
/// ```
/// Twisted: `ThrottlingFactory`.
public final class Throttle: Sendable {
    /// Bytes in a second, over time.
    public let bytesPerSecond: Int
    /// The most bytes at once, after a rest.
    public let burst: Int

    private let bucket: Mutex<TokenBucket>

    /// A rate.
    ///
    /// - Parameter burst: the most bytes at once; a quarter of a second's worth unless given.
    /// - Precondition: both are at least 1.
    public init(bytesPerSecond: Int, burst: Int? = nil) {
        let burst = burst ?? max(1, bytesPerSecond / 4)
        let bucket = TokenBucket(rate: bytesPerSecond, capacity: burst)
        self.bytesPerSecond = bytesPerSecond
        self.burst = burst
        self.bucket = Mutex(bucket)
        quantum = min(burst, max(1, bytesPerSecond / 64))
    }

    /// The fewest bytes that are worth being woken for, a sixty-fourth of a second's: fewer would make a wait and a
    /// system call of every byte.
    private let quantum: Int

    /// How many bytes may pass now; 0 for so few that it is better to wait.
    func available(at now: LoopInstant) -> Int {
        bucket.withLock { bucket in
            let count = bucket.available(at: now)
            return count < quantum ? 0 : count
        }
    }

    /// So many have passed, allowed or not.
    func take(_ count: Int, at now: LoopInstant) { bucket.withLock { $0.take(count, at: now) } }

    /// When some may pass.
    func whenAvailable(at now: LoopInstant) -> LoopInstant {
        bucket.withLock { [quantum] bucket in bucket.whenAvailable(quantum, at: now) }
    }
}

extension Connection {
    /// The same connection, whose bytes pass at these rates; nil for as fast as they come. What this side does not
    /// receive yet waits with the peer: nothing is lost, and nothing piles up here.
    ///
    /// Bytes that only a socket can move (a file inside the kernel, descriptors) pass at once, as many as the system's
    /// buffer takes, and are made up for afterwards.
    ///
    /// - Throws: as ``wrapped(by:)``.
    public nonisolated(nonsending) func throttled(
        receiving: Throttle? = nil, sending: Throttle? = nil
    ) async throws(SocketError) -> Connection {
        try await wrapped { ThrottledTransport($0, receiving: receiving, sending: sending) }
    }
}
