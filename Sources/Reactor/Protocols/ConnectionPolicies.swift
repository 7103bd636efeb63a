// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// The policies of Twisted's `protocols.policies`, each a value for a factory to be given.
///
/// ```swift
/// let factory = Factory(Chat.init).limited(to: 1000).limitedPerPeer(to: 10).timedOut(after: .seconds(60))
/// ```
extension ProtocolFactory {
    /// At most so many connections at a time; further ones are closed. Twisted: `LimitTotalConnectionsFactory`.
    ///
    /// - Precondition: the number is not negative.
    public func limited(to maximum: Int) -> PolicedFactory<Self, TotalLimit> { with(TotalLimit(maximum)) }

    /// At most so many connections from one address at a time. Twisted: `LimitConnectionsByPeer`.
    ///
    /// - Precondition: the number is not negative.
    public func limitedPerPeer(to maximum: Int) -> PolicedFactory<Self, PeerLimit> { with(PeerLimit(maximum)) }

    /// Ends a connection over which nothing has come or gone for that long. Twisted: `TimeoutFactory`.
    public func timedOut(after limit: Duration) -> PolicedFactory<Self, IdleTimeout> { with(IdleTimeout(limit)) }

    /// Lets all connections together receive and send no more bytes a second than that, after a second's worth at once.
    /// Whoever is over it waits, and so does its peer. Twisted: `ThrottlingFactory`.
    ///
    /// - Precondition: the numbers are positive.
    public func throttled(
        reading readRate: Int? = nil, writing writeRate: Int? = nil
    ) -> PolicedFactory<Self, ByteRates> {
        with(ByteRates(reading: readRate, writing: writeRate))
    }

    /// Tells of everything that comes and goes, to be written to a log. Twisted: `TrafficLoggingFactory`,
    /// `SpewingFactory`.
    public func logged(to log: @escaping @Sendable (TrafficRecord) -> Void) -> PolicedFactory<Self, TrafficLogging> {
        with(TrafficLogging(log))
    }
}

/// At most so many connections.
public struct TotalLimit: ConnectionPolicy {
    private let maximum: Int
    private let count = Counter()

    /// A limit, with a count of its own that its copies share.
    public init(_ maximum: Int) {
        precondition(maximum >= 0, "at most \(maximum) connections")
        self.maximum = maximum
    }

    /// Whether there is room for one more.
    public func admits(_ peer: SocketAddress) -> Bool {
        count.value.withLock { count in
            if count >= maximum { return false }
            count += 1
            return true
        }
    }

    /// There is room for one more.
    public func left(_ peer: SocketAddress) { count.value.withLock { $0 -= 1 } }

    private final class Counter: Sendable {
        let value = Mutex(0)
    }
}

/// At most so many connections from one address.
public struct PeerLimit: ConnectionPolicy {
    private let maximum: Int
    private let counts = Counts()

    /// A limit, with counts of its own that its copies share.
    public init(_ maximum: Int) {
        precondition(maximum >= 0, "at most \(maximum) connections from a peer")
        self.maximum = maximum
    }

    /// Whether its address has room for one more. Peers without an address (UNIX) are one.
    public func admits(_ peer: SocketAddress) -> Bool {
        counts.byAddress.withLock { counts in
            let count = counts[peer.ip, default: 0]
            if count >= maximum { return false }
            counts[peer.ip] = count + 1
            return true
        }
    }

    /// Its address has room for one more.
    public func left(_ peer: SocketAddress) {
        counts.byAddress.withLock { counts in
            let count = counts[peer.ip, default: 1] - 1
            counts[peer.ip] = count == 0 ? nil : count
        }
    }

    private final class Counts: Sendable {
        let byAddress = Mutex<[IPAddress?: Int]>([:])
    }
}

/// An end for connections over which nothing comes and goes.
public struct IdleTimeout: ConnectionPolicy {
    private let limit: Duration

    /// An end after that time.
    public init(_ limit: Duration) { self.limit = limit }

    /// Starts the time.
    public func began(_ transport: StreamTransport) { transport.setTimeout(limit) }
}

/// Rates that all connections of a factory share.
public struct ByteRates: ConnectionPolicy {
    private let reading: SharedRate?
    private let writing: SharedRate?

    /// Rates in bytes a second; nil for no limit.
    public init(reading: Int? = nil, writing: Int? = nil) {
        self.reading = reading.map(SharedRate.init)
        self.writing = writing.map(SharedRate.init)
    }

    /// From now on it shares them.
    public func began(_ transport: StreamTransport) {
        transport.ownExtras.readRate = reading
        transport.ownExtras.writeRate = writing
    }
}

/// A piece of a connection's traffic.
public struct TrafficRecord: Sendable {
    /// Which way it went.
    public enum Direction: String, Hashable, Sendable {
        /// From the peer, and to it.
        case received, written
    }

    /// The peer.
    public let peer: SocketAddress
    /// When it was, in the loop's time.
    public let time: LoopInstant
    /// Which way it went.
    public let direction: Direction
    /// What it was.
    public let bytes: [UInt8]
}

/// Tells of everything that comes and goes.
public struct TrafficLogging: ConnectionPolicy, TrafficTap {
    private let log: @Sendable (TrafficRecord) -> Void

    /// Tells it to a closure, on the loop.
    public init(_ log: @escaping @Sendable (TrafficRecord) -> Void) { self.log = log }

    /// From now on it is told.
    public func began(_ transport: StreamTransport) { transport.ownExtras.taps.append(self) }

    func received(_ bytes: RawSpan, _ transport: StreamTransport) { note(.received, bytes, transport) }
    func written(_ bytes: RawSpan, _ transport: StreamTransport) { note(.written, bytes, transport) }

    private func note(_ direction: TrafficRecord.Direction, _ bytes: RawSpan, _ transport: StreamTransport) {
        let time = transport.loop.now
        log(TrafficRecord(peer: transport.peer, time: time, direction: direction, bytes: bytes.array))
    }
}
