// SPDX-License-Identifier: Apache-2.0

/// What is known of a datagram besides its bytes.
public struct DatagramHead: Hashable, Sendable {
    /// How many of its bytes there are: all of them, or what fitted.
    public let count: Int
    /// How many bytes it had when it arrived.
    public let length: Int
    /// Who sent it; `.unix(.unnamed)` for a UNIX socket that is bound to nothing, and can't be answered.
    public let sender: SocketAddress
    /// Which way it came; nil where that was not asked for, or the system does not tell.
    public let path: DatagramPath?

    /// What is known of a datagram.
    public init(count: Int, length: Int, sender: SocketAddress, path: DatagramPath? = nil) {
        self.count = count
        self.length = length
        self.sender = sender
        self.path = path
    }

    /// Whether it was longer than the room for it: the rest is lost. C: `MSG_TRUNC`.
    public var isTruncated: Bool { length > count }
}

/// Which way a datagram came, and so which way an answer should go: a machine with several addresses has to answer from
/// the one that was asked.
///
/// C: `IP_PKTINFO`, `ip(7)`; `IPV6_PKTINFO`, RFC 3542 §6.
public struct DatagramPath: Hashable, Sendable {
    /// What it was sent to: an address of this machine, a group, a broadcast address.
    public let destination: IPAddress
    /// The address to answer from; unspecified where the system is to choose it (IPv6, of a group).
    public let local: IPAddress
    /// The index of the interface that it came by.
    public let interface: UInt32

    /// A way.
    public init(destination: IPAddress, local: IPAddress, interface: UInt32) {
        self.destination = destination
        self.local = local
        self.interface = interface
    }

    /// What sending by this way asks of the system. The interface only where the address leaves it open: routing knows
    /// better.
    var packetInfo: AncillaryData {
        .packetInfo(address: local, interface: local.isUnspecified ? interface : 0)
    }
}
