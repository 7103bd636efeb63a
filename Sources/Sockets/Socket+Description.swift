// SPDX-License-Identifier: Apache-2.0
import SystemPackage

extension Socket {
    /// One line with descriptor, family, kind and both addresses:
    /// `socket 5, ipv4 stream tcp, 127.0.0.1:6789 to 127.0.0.1:50122`. (A noncopyable type can't be
    /// `CustomStringConvertible`: print this.)
    public var description: String {
        var text = "socket \(number), \(family) \(kind)"
        if let protocolNumber, protocolNumber != .automatic { text += " \(protocolNumber)" }
        if let local = try? SystemCalls.localAddress(number) { text += ", \(local)" }
        if let peer { text += " to \(peer)" }
        return text
    }
}

extension AddressFamily: CustomStringConvertible {
    /// The family's name, or its number.
    public var description: String {
        switch self {
        case .unspecified: "unspecified"
        case .ipv4: "ipv4"
        case .ipv6: "ipv6"
        case .unix: "unix"
        case .packet: "packet"
        case .netlink: "netlink"
        case .vsock: "vsock"
        default: "family \(rawValue)"
        }
    }
}

extension SocketKind: CustomStringConvertible {
    /// The kind's name, or its number.
    public var description: String {
        switch self {
        case .stream: "stream"
        case .datagram: "datagram"
        case .raw: "raw"
        case .reliableDatagram: "reliable datagram"
        case .sequencedPacket: "sequenced packet"
        default: "kind \(rawValue)"
        }
    }
}

extension ProtocolNumber: CustomStringConvertible {
    /// The protocol's name, or its number.
    public var description: String {
        switch self {
        case .automatic: "automatic"
        case .icmp: "icmp"
        case .igmp: "igmp"
        case .tcp: "tcp"
        case .udp: "udp"
        case .ipv6: "ipv6"
        case .gre: "gre"
        case .esp: "esp"
        case .ah: "ah"
        case .icmpv6: "icmpv6"
        case .sctp: "sctp"
        case .udpLite: "udplite"
        case .raw: "raw"
        case .mptcp: "mptcp"
        default: "protocol \(rawValue)"
        }
    }
}
