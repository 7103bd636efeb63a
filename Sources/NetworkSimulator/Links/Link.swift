// SPDX-License-Identifier: Apache-2.0

/// One direction between two hosts: how long it takes, how much it carries, and what it does to what it carries.
///
/// ```swift
/// network.link.latency = .milliseconds(20)      // every link
/// network.link.loss = 0.01
/// network.setLink(Link(latency: .milliseconds(300), bandwidth: 100_000), from: server, to: phone)
/// ```
/// A stream hides most of it, as TCP does: what is lost is sent again, later and later (RFC 6298), and what overtakes
/// waits. Datagrams show all of it. Without a seed chance repeats itself too: it is then that of seed 0.
///
/// Linux: `tc-netem(8)`.
public struct Link: Hashable, Sendable {
    /// What becomes of a datagram that is longer than ``mtu`` allows.
    public enum Oversize: String, Hashable, Sendable, CaseIterable {
        /// It goes in pieces, and is lost if one of them is: RFC 791 §3.2.
        case fragment
        /// Its sender gets `EMSGSIZE`: IPv6, and IPv4 that does not fragment.
        case refuse
        /// It is lost, and nobody is told: a black hole, RFC 2923 §2.1.
        case drop
        /// Its end is cut off: no network does that, and a protocol should notice.
        case truncate
    }

    /// How long whatever is sent is under way, 0 or more.
    public var latency = Duration.microseconds(50)
    /// What may come on top of it, drawn for each packet, 0 or more. Packets of one stream do not overtake each other.
    public var jitter = Duration.zero
    /// Bytes a second, at least 1; nil for as many as anybody sends.
    public var bandwidth: Int?
    /// How many bytes may wait for the bandwidth; what comes when they are reached is lost.
    public var queueSize = 262_144
    /// The chance of a packet to be lost: 0 to 1.
    public var loss = 0.0
    /// The chance of a datagram to come twice: 0 to 1.
    public var duplication = 0.0
    /// The chance of a datagram to be held up for ``reorderingDelay``, so that others overtake it: 0 to 1.
    public var reordering = 0.0
    /// How long one is held up.
    public var reorderingDelay = Duration.milliseconds(10)
    /// The chance of a datagram to come with one bit that is wrong, past its checksum: 0 to 1.
    public var corruption = 0.0
    /// The longest packet in bytes, its headers of 40 bytes (TCP) or 28 (UDP) included, at least 68: RFC 791 §3.2.
    /// Streams are cut to fit.
    public var mtu = 65_576
    /// What becomes of datagrams that are longer.
    public var oversize = Oversize.fragment

    /// A link that loses nothing.
    ///
    /// - Parameters:
    ///   - latency: how long whatever is sent is under way.
    ///   - jitter: what may come on top of it.
    ///   - bandwidth: bytes a second.
    ///   - loss: the chance of a packet to be lost.
    public init(
        latency: Duration = .microseconds(50), jitter: Duration = .zero, bandwidth: Int? = nil, loss: Double = 0
    ) {
        self.latency = latency
        self.jitter = jitter
        self.bandwidth = bandwidth
        self.loss = loss
    }

    /// The most bytes of a stream in one packet, and of a datagram.
    var longestPiece: Int { max(1, mtu - 40) }
    var longestDatagram: Int { max(0, mtu - 28) }

    func check() {
        precondition(latency >= .zero, "nothing arrives \(latency) before it was sent")
        precondition(jitter >= .zero && reorderingDelay >= .zero, "nothing is late by less than no time")
        precondition(bandwidth.map { $0 > 0 } ?? true, "a link carries at least 1 byte a second")
        precondition(queueSize >= 0, "a queue holds no \(queueSize) bytes")
        precondition(mtu >= 68, "a packet has at least 68 bytes: RFC 791 §3.2")
        for chance in [loss, duplication, reordering, corruption] {
            precondition((0...1).contains(chance), "a chance is from 0 to 1, not \(chance)")
        }
    }
}
