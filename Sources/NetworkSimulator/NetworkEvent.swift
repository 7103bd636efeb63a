// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// Something that was sent over a ``MemoryNetwork``.
public struct NetworkEvent: Hashable, Sendable, CustomStringConvertible {
    /// What was sent.
    public enum Kind: Hashable, Sendable, CustomStringConvertible {
        /// A request for a connection.
        case connect
        /// A connection was made.
        case accept
        /// Nobody listens there.
        case refuse
        /// So many bytes of a stream.
        case bytes(Int)
        /// A datagram with so many bytes.
        case datagram(Int)
        /// The end of one direction of a stream.
        case end
        /// A connection was thrown away.
        case reset

        /// One word, and the number of the bytes.
        public var description: String {
            switch self {
            case .connect: "connect"
            case .accept: "accept"
            case .refuse: "refuse"
            case .bytes(let count): "bytes \(count)"
            case .datagram(let count): "datagram \(count)"
            case .end: "end"
            case .reset: "reset"
            }
        }
    }

    /// When it was sent.
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

extension LoopInstant {
    /// Seconds with nine digits behind the point.
    var seconds: String {
        let fraction = String(nanoseconds % 1_000_000_000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
    }
}
