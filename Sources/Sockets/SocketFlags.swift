// SPDX-License-Identifier: Apache-2.0
import CSockets

/// The world that a socket's addresses belong to.
///
/// C: `AF_…`, `address_families(7)`.
public struct AddressFamily: RawRepresentable, Hashable, Sendable {
    /// The system's number.
    public let rawValue: CInt

    /// Any family by its number; ``Socket/init(_:_:_:)`` says whether the system knows it.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// No family yet. C: `AF_UNSPEC`.
    public static let unspecified = AddressFamily(rawValue: CInt(AF_UNSPEC))
    /// IP version 4. C: `AF_INET`, `ip(7)`.
    public static let ipv4 = AddressFamily(rawValue: CInt(AF_INET))
    /// IP version 6. C: `AF_INET6`, `ipv6(7)`.
    public static let ipv6 = AddressFamily(rawValue: CInt(AF_INET6))
    /// One machine, named by the file system or by an abstract name. C: `AF_UNIX`, `unix(7)`.
    public static let unix = AddressFamily(rawValue: CInt(AF_UNIX))
    /// Link-layer frames. C: `AF_PACKET`, `packet(7)`.
    public static let packet = AddressFamily(rawValue: CInt(AF_PACKET))
    /// The kernel's own messages. C: `AF_NETLINK`, `netlink(7)`.
    public static let netlink = AddressFamily(rawValue: CInt(AF_NETLINK))
    /// A virtual machine and its host. C: `AF_VSOCK`, `vsock(7)`.
    public static let vsock = AddressFamily(rawValue: CInt(AF_VSOCK))
}

/// How a socket carries bytes.
///
/// C: `SOCK_…`, `socket(2)`.
public struct SocketKind: RawRepresentable, Hashable, Sendable {
    /// The system's number.
    public let rawValue: CInt

    /// Any kind by its number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// An ordered stream of bytes without borders between messages: TCP, or UNIX. C: `SOCK_STREAM`.
    public static let stream = SocketKind(rawValue: Constants.stream)
    /// Separate messages, which may be lost, doubled or overtaken: UDP, or UNIX (where they are not). C: `SOCK_DGRAM`.
    public static let datagram = SocketKind(rawValue: Constants.datagram)
    /// The network layer itself, for ICMP, IGMP and protocols of one's own; needs rights. C: `SOCK_RAW`, `raw(7)`.
    public static let raw = SocketKind(rawValue: Constants.raw)
    /// Reliable messages without order. No common family of Linux offers it: opening one says `.unsupported`, except in
    /// TIPC where that is loaded. C: `SOCK_RDM`.
    public static let reliableDatagram = SocketKind(rawValue: Constants.reliableDatagram)
    /// An ordered, reliable sequence of messages: UNIX (and SCTP where loaded). C: `SOCK_SEQPACKET`.
    public static let sequencedPacket = SocketKind(rawValue: Constants.sequencedPacket)

    /// Whether one send is one receive.
    public var keepsMessages: Bool { self != .stream }
}

/// The protocol inside a family.
///
/// C: `IPPROTO_…`, `protocols(5)`.
public struct ProtocolNumber: RawRepresentable, Hashable, Sendable {
    /// The number of the protocol, as in an IP header.
    public let rawValue: CInt

    /// Any protocol by its number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// The system picks the protocol that fits family and kind. C: `0`.
    public static let automatic = ProtocolNumber(rawValue: 0)
    /// C: `IPPROTO_ICMP`.
    public static let icmp = ProtocolNumber(rawValue: 1)
    /// C: `IPPROTO_IGMP`.
    public static let igmp = ProtocolNumber(rawValue: 2)
    /// C: `IPPROTO_TCP`.
    public static let tcp = ProtocolNumber(rawValue: 6)
    /// C: `IPPROTO_UDP`.
    public static let udp = ProtocolNumber(rawValue: 17)
    /// C: `IPPROTO_IPV6`.
    public static let ipv6 = ProtocolNumber(rawValue: 41)
    /// C: `IPPROTO_GRE`.
    public static let gre = ProtocolNumber(rawValue: 47)
    /// C: `IPPROTO_ESP`.
    public static let esp = ProtocolNumber(rawValue: 50)
    /// C: `IPPROTO_AH`.
    public static let ah = ProtocolNumber(rawValue: 51)
    /// C: `IPPROTO_ICMPV6`.
    public static let icmpv6 = ProtocolNumber(rawValue: 58)
    /// C: `IPPROTO_SCTP`.
    public static let sctp = ProtocolNumber(rawValue: 132)
    /// C: `IPPROTO_UDPLITE`.
    public static let udpLite = ProtocolNumber(rawValue: 136)
    /// C: `IPPROTO_RAW`. Such a socket sends whole IP packets and receives none.
    public static let raw = ProtocolNumber(rawValue: 255)
    /// C: `IPPROTO_MPTCP`.
    public static let mptcp = ProtocolNumber(rawValue: 262)
}

/// What a single send or receive does differently.
///
/// `MSG_NOSIGNAL` is not here: every send has it.
///
/// C: `MSG_…`, `send(2)`, `recv(2)`.
public struct TransferFlags: OptionSet, Hashable, Sendable {
    /// The system's bits.
    public let rawValue: CInt

    /// Any bits: what the system has and this type does not name passes through.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// Looks at the bytes and leaves them there. C: `MSG_PEEK`.
    public static let peek = TransferFlags(rawValue: CInt(MSG_PEEK))
    /// TCP's urgent byte. C: `MSG_OOB`.
    public static let outOfBand = TransferFlags(rawValue: CInt(MSG_OOB))
    /// Only to hosts on a network of this machine. C: `MSG_DONTROUTE`.
    public static let dontRoute = TransferFlags(rawValue: CInt(MSG_DONTROUTE))
    /// This call does not wait, whatever the socket's time limit. C: `MSG_DONTWAIT`.
    public static let dontWait = TransferFlags(rawValue: Constants.dontWait)
    /// Receives until the room is full, the stream ends or a signal comes. C: `MSG_WAITALL`.
    public static let waitAll = TransferFlags(rawValue: CInt(MSG_WAITALL))
    /// On a TCP stream: counts the bytes and throws them away; zeros stand for them. C: `MSG_TRUNC`.
    public static let truncate = TransferFlags(rawValue: Constants.truncated)
    /// Ends a record. C: `MSG_EOR`.
    public static let endOfRecord = TransferFlags(rawValue: CInt(MSG_EOR))
    /// More follows: the kernel may hold this back. C: `MSG_MORE`.
    public static let more = TransferFlags(rawValue: CInt(MSG_MORE))
    /// The peer is known to be there: no ARP probe. C: `MSG_CONFIRM`.
    public static let confirm = TransferFlags(rawValue: CInt(MSG_CONFIRM))
    /// From the queue of errors. C: `MSG_ERRQUEUE`.
    public static let errorQueue = TransferFlags(rawValue: CInt(MSG_ERRQUEUE))
    /// Connects with this send. C: `MSG_FASTOPEN`.
    public static let fastOpen = TransferFlags(rawValue: CInt(MSG_FASTOPEN))
}

/// Which half of a connection.
///
/// C: `SHUT_…`, `shutdown(2)`.
public enum ShutdownDirection: Hashable, Sendable, CaseIterable {
    /// Nothing more is received. C: `SHUT_RD`.
    case receiving
    /// Nothing more is sent: the peer sees the end of the stream and may go on sending. C: `SHUT_WR`.
    case sending
    /// Both. C: `SHUT_RDWR`.
    case both

    var systemValue: CInt {
        switch self {
        case .receiving: Constants.shutReading
        case .sending: Constants.shutWriting
        case .both: Constants.shutBoth
        }
    }
}
