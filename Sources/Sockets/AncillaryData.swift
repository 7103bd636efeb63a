// SPDX-License-Identifier: Apache-2.0
import CSockets

/// What travels beside a message's bytes.
///
/// C: `cmsg(3)`, `unix(7)`, `ip(7)`, `ipv6(7)`.
public enum AncillaryData: Hashable, Sendable {
    /// Who sent this, vouched for by the kernel; asked for with ``SocketOption/passCredentials``. C: `SCM_CREDENTIALS`.
    case credentials(PeerCredentials)
    /// Which interface a datagram came by (or shall leave by) and which address it was sent to (or shall come from);
    /// asked for with ``SocketOption/packetInfo``, ``SocketOption/ipv6PacketInfo``. C: `IP_PKTINFO`, `IPV6_PKTINFO`.
    case packetInfo(address: IPAddress, interface: UInt32)
    /// When a message arrived, since 1970; asked for with ``SocketOption/timestamp`` or
    /// ``SocketOption/timestampNanoseconds``. C: `SCM_TIMESTAMP`, `SCM_TIMESTAMPNS`.
    case timestamp(Duration)
    /// The time to live or hop limit. C: `IP_TTL`, `IPV6_HOPLIMIT`.
    case timeToLive(Int)
    /// The type of service or traffic class. C: `IP_TOS`, `IPV6_TCLASS`.
    case typeOfService(Int)
    /// How many datagrams were dropped for want of room before this one; asked for with ``SocketOption/dropCount``.
    /// C: `SO_RXQ_OVFL`.
    case dropCount(UInt32)
    /// Anything else, by its numbers.
    case other(level: CInt, type: CInt, bytes: [UInt8])

    private static let ip = CInt(IPPROTO_IP)
    private static let ipv6 = CInt(IPPROTO_IPV6)

    /// Reads one item; what is too short for its type stays as bytes.
    init(level: CInt, type: CInt, bytes: [UInt8]) {
        self = Self.known(level, type, bytes) ?? .other(level: level, type: type, bytes: bytes)
    }

    private static func known(_ level: CInt, _ type: CInt, _ bytes: [UInt8]) -> AncillaryData? {
        switch (level, type) {
        case (SOL_SOCKET, CInt(nw_scm_credentials)): PeerCredentials(systemBytes: bytes).map { .credentials($0) }
        case (SOL_SOCKET, SO_TIMESTAMP):
            Layout.read(nw_time.self, from: bytes).map { .timestamp(.seconds($0.seconds) + .microseconds($0.fraction)) }
        case (SOL_SOCKET, SO_TIMESTAMPNS):
            Layout.read(nw_time.self, from: bytes).map { .timestamp(.seconds($0.seconds) + .nanoseconds($0.fraction)) }
        case (SOL_SOCKET, SO_RXQ_OVFL): Layout.read(UInt32.self, from: bytes).map { .dropCount($0) }
        case (ip, IP_PKTINFO): Layout.read(nw_ipv4_packet_info.self, from: bytes).map { ipv4Info($0) }
        case (ipv6, IPV6_PKTINFO): Layout.read(nw_ipv6_packet_info.self, from: bytes).map { ipv6Info($0) }
        case (ip, IP_TTL), (ipv6, IPV6_HOPLIMIT): Int(systemBytes: bytes).map { .timeToLive($0) }
        case (ip, IP_TOS), (ipv6, IPV6_TCLASS): Int(systemBytes: bytes).map { .typeOfService($0) }
        default: nil
        }
    }

    private static func ipv4Info(_ info: nw_ipv4_packet_info) -> AncillaryData {
        let address = IPv4Address(rawValue: UInt32(bigEndian: info.destination))
        return .packetInfo(address: .v4(address), interface: UInt32(bitPattern: info.interface))
    }

    private static func ipv6Info(_ info: nw_ipv6_packet_info) -> AncillaryData {
        let (first, second, third, fourth) = info.address
        let bits = [first, second, third, fourth].reduce(UInt128(0)) { $0 << 32 | UInt128(UInt32(bigEndian: $1)) }
        return .packetInfo(address: .v6(IPv6Address(rawValue: bits)), interface: info.interface)
    }

    /// How it stands in a control message of a socket of this family: each of the two IPs passes over what is the
    /// other's.
    func systemItem(for family: AddressFamily) -> (level: CInt, type: CInt, bytes: [UInt8]) {
        let isIPv6 = family == .ipv6
        return switch self {
        case .credentials(let credentials):
            (SOL_SOCKET, CInt(nw_scm_credentials), credentials.systemBytes ?? [])
        case .packetInfo(.v4(let address), let interface):
            (Self.ip, IP_PKTINFO, Layout.bytes(of: Self.systemInfo(address, interface)))
        case .packetInfo(.v6(let address), let interface):
            (Self.ipv6, IPV6_PKTINFO, address.bytes + Layout.bytes(of: interface))
        case .timestamp(let time): (SOL_SOCKET, SO_TIMESTAMP, time.systemBytes ?? [])
        case .timeToLive(let number):
            isIPv6
                ? (Self.ipv6, IPV6_HOPLIMIT, number.systemBytes ?? []) : (Self.ip, IP_TTL, number.systemBytes ?? [])
        case .typeOfService(let number):
            isIPv6 ? (Self.ipv6, IPV6_TCLASS, number.systemBytes ?? []) : (Self.ip, IP_TOS, number.systemBytes ?? [])
        case .dropCount(let count): (SOL_SOCKET, SO_RXQ_OVFL, Layout.bytes(of: count))
        case .other(let level, let type, let bytes): (level, type, bytes)
        }
    }

    private static func systemInfo(_ address: IPv4Address, _ interface: UInt32) -> nw_ipv4_packet_info {
        nw_ipv4_packet_info(
            interface: CInt(bitPattern: interface), local: address.rawValue.bigEndian, destination: 0)
    }
}
