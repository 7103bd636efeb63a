// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A datagram that arrived.
public struct Datagram: Hashable, Sendable {
    /// What it says; may be empty.
    public let bytes: [UInt8]
    /// What is known of it besides.
    public let head: DatagramHead

    /// A datagram.
    public init(bytes: [UInt8], head: DatagramHead) {
        self.bytes = bytes
        self.head = head
    }

    /// Who sent it; `.unix(.unnamed)` for a UNIX socket that is bound to nothing, and can't be answered.
    public var sender: SocketAddress { head.sender }
    /// Whether it was longer than the room for it: the rest is lost.
    public var isTruncated: Bool { head.isTruncated }
    /// How many bytes it had when it arrived.
    public var length: Int { head.length }
    /// What it was sent to, if ``DatagramSocket/Options/tellsPath`` was asked for.
    public var destination: IPAddress? { head.path?.destination }
    /// Which way it came, if ``DatagramSocket/Options/tellsPath`` was asked for: an answer goes back by it.
    public var path: DatagramPath? { head.path }
}
