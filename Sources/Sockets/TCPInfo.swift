// SPDX-License-Identifier: Apache-2.0
import CSockets

/// What the kernel knows of a TCP connection.
///
/// C: `struct tcp_info`, `tcp(7)`.
public struct TCPInfo: SocketOptionValue, Hashable {
    /// The states of a connection. RFC 9293 §3.3.2.
    public enum State: UInt8, Hashable, Sendable {
        /// The states, with the kernel's numbers.
        case established = 1
        case openingSent, openingReceived, finalWait1, finalWait2, timeWait, closed
        case closeWait, lastAcknowledgement, listening, closing
    }

    /// The state; nil for a number that this type does not know.
    public let state: State?
    /// How often the segment that is unacknowledged now was sent again.
    public let retransmits: Int
    /// Segments that were sent again in the connection's life.
    public let totalRetransmits: Int
    /// The smoothed round trip.
    public let roundTrip: Duration
    /// How much the round trip varies.
    public let roundTripVariance: Duration
    /// How long it takes until an unacknowledged segment is sent again.
    public let retransmissionTimeout: Duration
    /// The largest segment that is sent, in bytes.
    public let sendSegmentSize: Int
    /// The largest segment that was received, in bytes.
    public let receiveSegmentSize: Int
    /// Segments that are sent and not acknowledged.
    public let unacknowledged: Int
    /// Segments that the peer has selectively acknowledged.
    public let selectivelyAcknowledged: Int
    /// Segments that count as lost.
    public let lost: Int
    /// Segments that may be under way at a time.
    public let congestionWindow: Int
    /// The window below which slow start applies, in segments.
    public let slowStartThreshold: Int
    /// The MTU of the path.
    public let pathMTU: Int
    /// How far the peer's packets may overtake each other.
    public let reordering: Int
    /// The window that is offered to the peer, in bytes.
    public let receiveWindow: Int
    /// Since the last data was sent.
    public let sinceLastSent: Duration
    /// Since the last data was received.
    public let sinceLastReceived: Duration

    /// A C `struct tcp_info`.
    public static var systemSize: Int { MemoryLayout<tcp_info>.size }

    /// A C `struct tcp_info`; a shorter one, from an older kernel, is filled up with zeros.
    public init?(systemBytes: [UInt8]) {
        var info = tcp_info()
        unsafe withUnsafeMutableBytes(of: &info) { unsafe $0.copyBytes(from: systemBytes.prefix($0.count)) }
        state = State(rawValue: info.tcpi_state)
        retransmits = Int(info.tcpi_retransmits)
        totalRetransmits = Int(info.tcpi_total_retrans)
        roundTrip = .microseconds(Int(info.tcpi_rtt))
        roundTripVariance = .microseconds(Int(info.tcpi_rttvar))
        retransmissionTimeout = .microseconds(Int(info.tcpi_rto))
        sendSegmentSize = Int(info.tcpi_snd_mss)
        receiveSegmentSize = Int(info.tcpi_rcv_mss)
        unacknowledged = Int(info.tcpi_unacked)
        selectivelyAcknowledged = Int(info.tcpi_sacked)
        lost = Int(info.tcpi_lost)
        congestionWindow = Int(info.tcpi_snd_cwnd)
        slowStartThreshold = Int(info.tcpi_snd_ssthresh)
        pathMTU = Int(info.tcpi_pmtu)
        reordering = Int(info.tcpi_reordering)
        receiveWindow = Int(info.tcpi_rcv_space)
        sinceLastSent = .milliseconds(Int(info.tcpi_last_data_sent))
        sinceLastReceived = .milliseconds(Int(info.tcpi_last_data_recv))
    }

    /// It can only be read.
    public var systemBytes: [UInt8]? { nil }
}
