// SPDX-License-Identifier: Apache-2.0
//
// Facts:    what passes a relay are bytes; a reader of packets wants headers. Which segments the network really used
//           the relay does not know.
// Decision: the client and its target are shown as if they had spoken directly, each piece as the relay passed it on,
//           and acknowledged at once. Numbers begin with 0, so that they tell how far a stream is.
import Sockets
import Wire

/// The packets that one client's traffic would have been.
struct PacketTrail: Sendable {
    private let client: InternetPacket.End
    private let target: InternetPacket.End
    /// Where each direction's stream is.
    private var next = BothWays<UInt32> { _ in 0 }
    private var isOver = false

    /// The packets of a client whose address is known or not, and of its target.
    ///
    /// - Parameter number: stands for the port of who has no address: the sides of a UNIX path, a program.
    init(from client: SocketAddress?, to target: SocketAddress?, number: Int) {
        // RFC 5737, RFC 3849: addresses for examples, which nobody has.
        let isIPv6 = client?.ip?.unmapped.ipv6 != nil || target?.ip?.unmapped.ipv6 != nil
        let port = UInt16(truncatingIfNeeded: 1 + (number - 1) % 65_535)
        self.client = Self.end(client, isIPv6: isIPv6, else: (1, port))
        self.target = Self.end(target, isIPv6: isIPv6, else: (2, port))
    }

    private static func end(
        _ address: SocketAddress?, isIPv6: Bool, else substitute: (host: UInt8, port: UInt16)
    ) -> InternetPacket.End {
        guard let ip = address?.ip?.unmapped, let port = address?.port else {
            let network: [UInt8] =
                isIPv6 ? [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) : [192, 0, 2]
            return InternetPacket.End(address: network + [substitute.host], port: substitute.port)
        }
        // Both ends of a packet are of one family.
        let bytes = isIPv6 ? ip.ipv4.map { IPv6Address(mapping: $0).bytes } ?? ip.bytes : ip.bytes
        return InternetPacket.End(address: bytes, port: port.rawValue)
    }

    // MARK: Streams

    /// A connection begins.
    mutating func begin() -> [InternetPacket] {
        let asked = segment(.toTarget, .synchronize, acknowledges: false)
        next[.toTarget] = 1
        let answered = segment(.toClient, [.synchronize, .acknowledge])
        next[.toClient] = 1
        return [asked, answered, segment(.toTarget, .acknowledge)]
    }

    /// Bytes pass.
    mutating func pass(_ bytes: [UInt8], _ direction: RelayDirection) -> [InternetPacket] {
        var packets: [InternetPacket] = []
        let most = InternetPacket.longestSegment(to: target)
        for start in stride(from: 0, to: bytes.count, by: most) {
            let piece = Array(bytes[start..<min(bytes.count, start + most)])
            packets.append(segment(direction, [.push, .acknowledge], piece))
            next[direction] &+= UInt32(piece.count)
            packets.append(segment(direction.opposite, .acknowledge))
        }
        return packets
    }

    /// One direction has come to its end.
    mutating func end(_ direction: RelayDirection) -> [InternetPacket] {
        if isOver { return [] }
        let last = segment(direction, [.end, .acknowledge])
        next[direction] &+= 1
        return [last, segment(direction.opposite, .acknowledge)]
    }

    /// The connection has broken, at the side where this direction begins; told once.
    mutating func abort(_ direction: RelayDirection) -> [InternetPacket] {
        if isOver { return [] }
        isOver = true
        return [segment(direction, [.reset, .acknowledge])]
    }

    private func segment(
        _ direction: RelayDirection, _ flags: InternetPacket.Flags, _ bytes: [UInt8] = [], acknowledges: Bool = true
    ) -> InternetPacket {
        let (source, destination) = ends(direction)
        return .tcp(
            from: source, to: destination, flags: flags, sequence: next[direction],
            acknowledgement: acknowledges ? next[direction.opposite] : 0, bytes)
    }

    private func ends(_ direction: RelayDirection) -> (InternetPacket.End, InternetPacket.End) {
        direction == .toTarget ? (client, target) : (target, client)
    }

    // MARK: Datagrams

    /// The most bytes of a datagram that a packet shows: those of a UNIX path may have more.
    static let longestDatagram = 65_507

    /// A datagram passes.
    func datagram(_ bytes: [UInt8], _ direction: RelayDirection) -> InternetPacket {
        let (source, destination) = ends(direction)
        return .udp(from: source, to: destination, Array(bytes.prefix(Self.longestDatagram)))
    }
}
