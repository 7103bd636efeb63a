// SPDX-License-Identifier: Apache-2.0

/// What a proxy says of the client that it passes on, before the client's first byte: the PROXY protocol.
///
/// HAProxy Technologies, *The PROXY protocol, versions 1 & 2*.
public struct ProxyHeader: Hashable, Sendable {
    /// The form that it is written in.
    public enum Version: Int, Hashable, Sendable, CaseIterable {
        /// A line of text.
        case v1 = 1
        /// Binary, with room for more than addresses.
        case v2 = 2
    }

    /// What carries the client's bytes.
    public enum Carrier: UInt8, Hashable, Sendable {
        /// TCP, or a UNIX stream.
        case stream = 1
        /// UDP, or UNIX datagrams.
        case datagram = 2
    }

    /// Between whom.
    public enum Addresses: Hashable, Sendable {
        /// The proxy does not say: `UNKNOWN` and `UNSPEC`. What the connection itself says holds.
        case unknown
        /// By IP; both of one family.
        case internet(source: InternetEndpoint, destination: InternetEndpoint)
        /// By UNIX sockets: the names' bytes, of which there are at most 108. An empty one has no name; one that begins
        /// with a zero byte is abstract.
        case unix(source: [UInt8], destination: [UInt8])
    }

    /// A piece of what else a proxy says (version 2 only).
    public struct Extra: Hashable, Sendable {
        /// What kind it is: 1 is the protocol that was agreed on by ALPN, 2 the name that the client asked for, 5 a
        /// number of this connection, 0x20 what is known of TLS.
        public let type: UInt8
        /// What it says.
        public let value: [UInt8]

        /// A piece.
        public init(type: UInt8, value: [UInt8]) {
            self.type = type
            self.value = value
        }
    }

    /// The form.
    public let version: Version
    /// Whether the proxy speaks for itself, as its health checks do: there is no client. Such a header has no
    /// addresses.
    public let isLocal: Bool
    /// What carries the client's bytes.
    public let carrier: Carrier
    /// Between whom.
    public let addresses: Addresses
    /// What else it says, in the order in which it came.
    public let extras: [Extra]

    /// A header about a client.
    public init(
        _ version: Version, _ addresses: Addresses, carrier: Carrier = .stream, extras: [Extra] = []
    ) {
        self.version = version
        self.addresses = addresses
        self.carrier = carrier
        self.extras = extras
        isLocal = false
    }

    private init(localIn version: Version) {
        self.version = version
        addresses = .unknown
        carrier = .stream
        extras = []
        isLocal = true
    }

    /// A header that says that the proxy speaks for itself. Version 1 has none.
    public static let local = ProxyHeader(localIn: .v2)

    /// The first piece of this type.
    public func extra(_ type: UInt8) -> [UInt8]? { extras.first { $0.type == type }?.value }
}
