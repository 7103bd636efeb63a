// SPDX-License-Identifier: Apache-2.0

/// What one stream has measured, or several together.
struct BenchResult: Hashable, Sendable {
    /// Bytes that were sent, or that came.
    var bytes = 0
    /// Bytes that the sink says it got; nil where it says nothing.
    var confirmed: Int?
    /// Segments that TCP sent again.
    var retransmits: Int?
    /// There and back: the shortest and the mean, of the streams that know it.
    var roundTrips: [Duration] = []
    /// Of datagrams alone.
    var packets: Packets?

    /// What became of datagrams.
    struct Packets: Hashable, Sendable {
        var sent = 0
        var received = 0
        var late = 0
        /// The largest of all streams.
        var jitter = Duration.zero

        /// Never negative, though a datagram may come twice.
        var lost: Int { max(0, sent - received) }
        var lostShare: Double { sent == 0 ? 0 : Double(lost) / Double(sent) }
    }

    /// What counts for the rate: what is known to have come.
    var arrived: Int { confirmed ?? bytes }

    var shortestRoundTrip: Duration? { roundTrips.min() }
    var meanRoundTrip: Duration? {
        roundTrips.isEmpty ? nil : roundTrips.reduce(.zero, +) / roundTrips.count
    }

    static func + (left: BenchResult, right: BenchResult) -> BenchResult {
        var sum = BenchResult()
        sum.bytes = left.bytes + right.bytes
        sum.confirmed = left.confirmed.flatMap { own in right.confirmed.map { own + $0 } }
        sum.retransmits = left.retransmits.flatMap { own in right.retransmits.map { own + $0 } }
        sum.roundTrips = left.roundTrips + right.roundTrips
        if let own = left.packets, let other = right.packets {
            sum.packets = Packets(
                sent: own.sent + other.sent, received: own.received + other.received, late: own.late + other.late,
                jitter: max(own.jitter, other.jitter))
        }
        return sum
    }
}
