// SPDX-License-Identifier: Apache-2.0
import Wire

/// What `nt bench` and `nt listen … sink` say to each other.
///
/// Over a stream the client's first line is one of ``Greeting``. After `send` the sink reads to the end and answers with
/// one line, `received N`; after `receive` it sends until the client ends its side. Whoever begins otherwise is read and
/// thrown away, as by `discard`.
///
/// A datagram is a ``Packet``: its head and padding.
enum BenchProtocol {
    /// The first line of a stream.
    enum Greeting: String, CaseIterable {
        case send = "nt-bench 1 send"
        case receive = "nt-bench 1 receive"

        var bytes: [UInt8] { Array((rawValue + "\n").utf8) }

        /// More bytes need not be waited for to know that none of them has come.
        static let longest = allCases.map(\.bytes.count).max() ?? 0
    }

    /// The one line that a sink answers.
    static func receipt(_ count: Int) -> String { "received \(count)\n" }

    /// How many bytes the receipt says; nil for another line.
    static func count(inReceipt line: String) -> Int? {
        let words = line.split(separator: " ")
        return words.count == 2 && words[0] == "received" ? Int(words[1]) : nil
    }
}

/// A datagram between `nt bench` and a sink: integers in network byte order.
struct BenchPacket: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        /// To be counted.
        case data = 1
        /// To be sent back as it is.
        case ping
        /// The last one, to be answered by a report; sent until it is.
        case end
        case report
    }

    static let magic: UInt32 = 0x6E74_6231
    /// The bytes that every packet has.
    static let headLength = 32
    /// An end is at least as long as the report that answers it: nobody can make a sink send more than it got.
    static let reportLength = 64

    var kind: Kind
    /// Which run, so that two from one address are told apart.
    var session: UInt64
    var sequence: UInt64 = 0
    /// Nanoseconds of the sender's clock.
    var time: Int64 = 0
    /// Of a report alone.
    var counts = Counts()

    /// What a sink has counted.
    struct Counts: Hashable, Sendable {
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        /// Packets that came behind a later one.
        var late: UInt64 = 0
        /// How much the packets' way takes now more, now less: nanoseconds. RFC 3550 §6.4.1.
        var jitter: UInt64 = 0
    }

    /// The packet, padded with zeros to at least this length.
    func bytes(paddedTo length: Int) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(integer: Self.magic)
        buffer.append(integer: UInt32(kind.rawValue))
        buffer.append(integer: session)
        buffer.append(integer: sequence)
        buffer.append(integer: time)
        if kind == .report {
            buffer.append(integer: counts.packets)
            buffer.append(integer: counts.bytes)
            buffer.append(integer: counts.late)
            buffer.append(integer: counts.jitter)
        }
        let bytes = buffer.array(0..<buffer.count)
        return bytes + [UInt8](repeating: 0, count: max(0, length - bytes.count))
    }

    init(_ kind: Kind, session: UInt64, sequence: UInt64 = 0, time: Int64 = 0) {
        (self.kind, self.session, self.sequence, self.time) = (kind, session, sequence, time)
    }

    /// Reads a packet; nil for bytes that are none.
    init?(_ bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes)
        guard buffer.takeInteger(as: UInt32.self) == Self.magic, let number = buffer.takeInteger(as: UInt32.self),
            let kind = UInt8(exactly: number).flatMap(Kind.init), let session = buffer.takeInteger(as: UInt64.self),
            let sequence = buffer.takeInteger(as: UInt64.self), let time = buffer.takeInteger(as: Int64.self)
        else { return nil }
        self.init(kind, session: session, sequence: sequence, time: time)
        guard kind == .report else { return }
        guard let packets = buffer.takeInteger(as: UInt64.self), let count = buffer.takeInteger(as: UInt64.self),
            let late = buffer.takeInteger(as: UInt64.self), let jitter = buffer.takeInteger(as: UInt64.self)
        else { return nil }
        counts = Counts(packets: packets, bytes: count, late: late, jitter: jitter)
    }
}
