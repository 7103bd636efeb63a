// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A datagram that is to be sent, among others.
public struct OutgoingDatagram: Hashable, Sendable {
    /// What it says; may be empty.
    public var bytes: [UInt8]
    /// Whom it goes to; nil for the socket's peer.
    public var address: SocketAddress?
    /// Which way it goes; as the system chooses for nil.
    public var path: DatagramPath?

    /// A datagram to somebody; to the socket's peer unless an address is given.
    public init(_ bytes: [UInt8], to address: SocketAddress? = nil) {
        self.bytes = bytes
        self.address = address
    }

    /// An answer: it goes to who sent the datagram, and comes from the address that was asked where that is known.
    public init(_ bytes: [UInt8], replyingTo datagram: Datagram) {
        self.bytes = bytes
        address = datagram.sender
        path = datagram.path
    }
}
