// SPDX-License-Identifier: Apache-2.0

/// Where to connect or to listen, in the one grammar that the library and its tool speak.
///
/// ```
/// localhost:80   192.0.2.1:80   [::1]:80          TCP; a name is resolved when it is used
/// :80                                             this machine only, both families
/// *:80                                            every interface of this machine
/// tcp://host:80  udp://239.1.1.1:5000?ttl=4       options follow as a query
/// tls://host:443  ws://host/path  wss://  http://user:password@host/  https://
/// unix:/path  unix:@name  unix-dgram:/path  unix-seqpacket:/path
/// exec:grep -i 'two words'                        a program's standard input and output; no shell
/// -   fd:3   systemd:name                         standard I/O, an inherited descriptor, one from systemd
/// ```
/// An endpoint says what was written; nothing is looked up. ``description`` writes it again.
public struct Endpoint: Hashable, Sendable {
    /// How to speak to the target.
    public enum Scheme: String, Hashable, Sendable, CaseIterable {
        /// A TCP stream.
        case tcp
        /// UDP datagrams.
        case udp
        /// A UNIX-domain stream.
        case unix
        /// UNIX-domain datagrams.
        case unixDatagram = "unix-dgram"
        /// UNIX-domain messages in order.
        case unixSequencedPacket = "unix-seqpacket"
        /// TLS over TCP.
        case tls
        /// WebSocket over TCP.
        case ws
        /// WebSocket over TLS.
        case wss
        /// HTTP over TCP.
        case http
        /// HTTP over TLS.
        case https
        /// A program's standard input and output.
        case exec
        /// This process' standard input and output.
        case stdio
        /// A descriptor that this process inherited.
        case descriptor = "fd"
        /// A descriptor that systemd passes by name.
        case systemd

        /// The port that is meant when none is written, for schemes that have one.
        public var defaultPort: Port? {
            switch self {
            case .http, .ws: 80
            case .https, .wss: 443
            default: nil
            }
        }

        /// Whether the target is a host and a port.
        public var hasHost: Bool {
            switch self {
            case .tcp, .udp, .tls, .ws, .wss, .http, .https: true
            case .unix, .unixDatagram, .unixSequencedPacket, .exec, .stdio, .descriptor, .systemd: false
            }
        }

        /// Whether credentials and a path may be written: the schemes whose endpoints are URLs.
        public var isURL: Bool {
            switch self {
            case .ws, .wss, .http, .https: true
            default: false
            }
        }
    }

    /// The host part of an endpoint.
    public enum Host: Hashable, Sendable {
        /// This machine only, by both families: `:80`.
        case loopback
        /// Every interface of this machine, by both families: `*:80`.
        case everyInterface
        /// A numeric address.
        case address(IPAddress)
        /// A name, to be resolved.
        case name(HostName)
    }

    /// What the endpoint leads to.
    public enum Target: Hashable, Sendable {
        /// A host and a port.
        case host(Host, Port)
        /// A UNIX-domain address.
        case unix(UnixAddress)
        /// A program and its arguments; never empty.
        case command([String])
        /// This process' standard input and output.
        case standardIO
        /// An inherited descriptor.
        case descriptor(Int32)
        /// The name that systemd gives a descriptor (`FileDescriptorName=`).
        case systemd(String)
    }

    /// One `name=value` of the query, decoded. `value` is nil where no `=` was written.
    public struct Option: Hashable, Sendable {
        /// The name.
        public let name: String
        /// The value.
        public let value: String?

        /// An option.
        public init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    /// A user's name and password. They are never printed.
    public struct Credentials: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
        /// The user's name.
        public let user: String
        /// The password; nil where no `:` was written.
        public let password: String?

        /// Credentials.
        public init(user: String, password: String? = nil) {
            self.user = user
            self.password = password
        }

        /// Three asterisks.
        public var description: String { Endpoint.mask }
        /// Three asterisks.
        public var debugDescription: String { Endpoint.mask }
    }

    /// How to speak to the target.
    public let scheme: Scheme
    /// What the endpoint leads to.
    public let target: Target
    /// The options, in the order in which they were written. What they mean is the reader's matter.
    public let options: [Option]
    /// User and password, for schemes that are URLs.
    public let credentials: Credentials?
    /// The path of a URL as it was written, percent escapes and all; empty if there was none.
    public let path: String

    /// What is printed in place of credentials.
    static let mask = "***"

    package init(
        _ scheme: Scheme, _ target: Target, options: [Option] = [], credentials: Credentials? = nil, path: String = ""
    ) {
        self.scheme = scheme
        self.target = target
        self.options = options
        self.credentials = credentials
        self.path = path
    }
}

extension Endpoint {
    /// A host and a port.
    ///
    /// - Precondition: `scheme` is one that has a host.
    public init(_ host: Host, _ port: Port, scheme: Scheme = .tcp, options: [Option] = []) {
        precondition(scheme.hasHost, "the scheme \(scheme.rawValue) has no host")
        self.init(scheme, .host(host, port), options: options)
    }

    /// A socket address: TCP for an IP address, a stream for a UNIX address. An IPv6 address' flow information is left
    /// out.
    ///
    /// - Throws: ``AddressError`` with `.unsupportedFamily` for an address of another family.
    public init(_ address: SocketAddress) throws(AddressError) {
        switch address {
        case .ipv4(let ip, let port): self.init(.address(.v4(ip)), port)
        case .ipv6(let ip, let port, _): self.init(.address(.v6(ip)), port)
        case .unix(let name): self.init(.unix, .unix(name))
        case .other(let family, _): throw AddressError("\(address)", .endpoint, .unsupportedFamily(family))
        }
    }

    /// This machine only, by both families: `:80`.
    public static func loopback(_ port: Port) -> Endpoint { Endpoint(.loopback, port) }

    /// The value of the first option with this name; nil if there is none, or it has no value.
    public func option(_ name: String) -> String? { options.first { $0.name == name }?.value }

    /// The port, for targets that have one.
    public var port: Port? { if case .host(_, let port) = target { port } else { nil } }

    /// The host, for targets that have one.
    public var host: Host? { if case .host(let host, _) = target { host } else { nil } }

    /// The socket address, where it is known without a resolver: a numeric host or a UNIX address.
    public var socketAddress: SocketAddress? {
        switch target {
        case .host(.address(let ip), let port): SocketAddress(ip, port)
        case .unix(let address): .unix(address)
        default: nil
        }
    }
}
