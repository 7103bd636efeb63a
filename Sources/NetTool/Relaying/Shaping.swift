// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// What happens to bytes on their way through a relay, whoever's they are.
struct Shaping: Sendable {
    /// How long everything is kept.
    let delay: Duration
    /// The part of the datagrams that is lost, from 0 to 1.
    let loss: Double
    private let rate: ByteCount?
    private let (toTarget, toClient): (Throttle?, Throttle?)
    private let (datagramsToTarget, datagramsToClient): (DatagramPace?, DatagramPace?)

    init(_ options: ShapingOptions) {
        delay = options.delay?.duration ?? .zero
        loss = options.drop?.fraction ?? 0
        rate = options.throttle
        func throttle() -> Throttle? {
            options.throttle.map { Throttle(bytesPerSecond: $0.bytes, burst: $0.burst) }
        }
        (toTarget, toClient) = (throttle(), throttle())
        (datagramsToTarget, datagramsToClient) = (rate.map(DatagramPace.init), rate.map(DatagramPace.init))
    }

    /// A client whose bytes pass at the rate, if there is one.
    func throttled(_ client: Connection) async throws(SocketError) -> Connection {
        if rate == nil { return client }
        return try await client.throttled(receiving: toTarget, sending: toClient)
    }

    /// When a datagram of so many bytes may pass that comes at this time. Its share is taken.
    func departure(_ count: Int, _ direction: RelayDirection, at now: LoopInstant) -> LoopInstant {
        let pace = direction == .toTarget ? datagramsToTarget : datagramsToClient
        return pace?.departure(count, at: now) ?? now
    }

    /// Whether datagrams are kept for a while.
    var keepsDatagrams: Bool { delay > .zero || rate != nil }
}

/// A rate that several clients' datagrams share, each of which passes whole.
private final class DatagramPace: Sendable {
    private let bucket: Mutex<TokenBucket>

    init(_ rate: ByteCount) { bucket = Mutex(TokenBucket(rate: rate.bytes, capacity: rate.burst)) }

    func departure(_ count: Int, at now: LoopInstant) -> LoopInstant {
        bucket.withLock { bucket in
            defer { bucket.take(count, at: now) }
            return bucket.whenAvailable(count, at: now)
        }
    }
}

extension ByteCount {
    /// What may pass at once after a rest, where so much may in a second: 20 ms' worth.
    fileprivate var burst: Int { max(1, bytes / 50) }
}
