// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// Something that happened on a ``SimulatedNetwork``.
public struct NetworkEvent: Hashable, Sendable, CustomStringConvertible {
    /// What happens to a host, or to the way from one to another.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        /// To a way: nothing gets through, and again something does.
        case cut, heal
        /// To a way: what is sent waits, and goes on.
        case hold, release
        /// To a host.
        case crash, restart, pause, resume
        /// To a NAT: it remembers no mapping any more.
        case forget
        /// To a host: its date, its resolver, its descriptors or its disk are other than before, worse or well again.
        case clock, names, descriptors, disk
    }

    /// What was sent, or came of it.
    public enum Kind: Hashable, Sendable, CustomStringConvertible {
        /// A request for a connection.
        case connect
        /// A connection was made.
        case accept
        /// Nobody listens there.
        case refuse
        /// So many bytes of a stream.
        case bytes(Int)
        /// The same bytes once more: nobody had said that they came.
        case again(Int)
        /// A datagram with so many bytes.
        case datagram(Int)
        /// The end of one direction of a stream.
        case end
        /// A connection was thrown away.
        case reset
        /// A packet with so many bytes did not get there.
        case lost(Int)
        /// A datagram with so many bytes came twice, late, with a wrong bit, or cut to so many.
        case duplicated(Int), delayed(Int), corrupted(Int), truncated(Int)
        /// There was no room for a datagram where it came, or for what it needs in a NAT's memory.
        case dropped(Int)
        /// A NAT gave an inner address an outer one: from the one, to the other.
        case mapped
        /// A NAT sent a datagram with so many bytes on, under other addresses: these.
        case translated(Int)
        /// A NAT did not let a packet with so many bytes in.
        case filtered(Int)
        /// Something that happens to a host, or to the way between two.
        case fault(Fault)

        /// One word, and the number of the bytes.
        public var description: String {
            switch self {
            case .connect: "connect"
            case .accept: "accept"
            case .refuse: "refuse"
            case .bytes(let count): "bytes \(count)"
            case .again(let count): "again \(count)"
            case .datagram(let count): "datagram \(count)"
            case .end: "end"
            case .reset: "reset"
            case .lost(let count): "lost \(count)"
            case .duplicated(let count): "duplicated \(count)"
            case .delayed(let count): "delayed \(count)"
            case .corrupted(let count): "corrupted \(count)"
            case .truncated(let count): "truncated \(count)"
            case .dropped(let count): "dropped \(count)"
            case .mapped: "mapped"
            case .translated(let count): "translated \(count)"
            case .filtered(let count): "filtered \(count)"
            case .fault(let fault): fault.rawValue
            }
        }
    }

    /// When it happened.
    public let time: LoopInstant
    /// Who sent it.
    public let source: SocketAddress
    /// To whom.
    public let destination: SocketAddress
    /// What it is.
    public let kind: Kind

    /// One line: `0.000050000 10.0.0.2:49152 > 10.0.0.1:7 bytes 5`.
    public var description: String { "\(time.seconds) \(source) > \(destination) \(kind)" }
}

extension NetworkEvent.Kind {
    /// A number for each kind, and how many bytes it is about.
    var code: (kind: UInt64, count: Int) {
        switch self {
        case .connect: (1, 0)
        case .accept: (2, 0)
        case .refuse: (3, 0)
        case .bytes(let count): (4, count)
        case .again(let count): (5, count)
        case .datagram(let count): (6, count)
        case .end: (7, 0)
        case .reset: (8, 0)
        case .lost(let count): (9, count)
        case .duplicated(let count): (10, count)
        case .delayed(let count): (11, count)
        case .corrupted(let count): (12, count)
        case .truncated(let count): (13, count)
        case .dropped(let count): (14, count)
        case .fault(let fault): (15, NetworkEvent.Fault.allCases.firstIndex(of: fault) ?? 0)
        case .mapped: (16, 0)
        case .translated(let count): (17, count)
        case .filtered(let count): (18, count)
        }
    }
}

extension LoopInstant {
    /// Seconds with nine digits behind the point.
    var seconds: String {
        let fraction = String(nanoseconds % 1_000_000_000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
    }
}
