// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization
public import Wire

/// What a trusted proxy has said of the client that it passes on.
final class ProxiedClient: Sendable {
    let header: ProxyHeader

    init(_ header: ProxyHeader) { self.header = header }
}

extension Connection {
    /// Whose connection this is: what a trusted proxy has said (``TrustedProxies``), else the ``peer``. For logs,
    /// limits and rules about clients.
    public var remoteAddress: SocketAddress? { proxied.load()?.header.source ?? peer }

    /// What a trusted proxy has said in front of the connection; nil if none had to.
    public var proxyHeader: ProxyHeader? { proxied.load()?.header }

    /// Notes what was said; the first header counts.
    func note(_ header: ProxyHeader) { _ = proxied.storeIfNil(ProxiedClient(header)) }

    /// Sends the header of the PROXY protocol: what a proxy says first to whom it passes a client on.
    ///
    /// - Throws: ``FrameError/framing(_:)`` for what the version can't say; ``FrameError/connection(_:)`` as
    ///   ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ header: ProxyHeader) async throws(FrameError) {
        var bytes = ByteBuffer()
        do throws(FramingError) { try ProxyHeaderFramer().encode(header, into: &bytes) } catch {
            throw .framing(error)
        }
        do throws(SocketError) { try await send(bytes.bytes) } catch { throw .connection(error) }
    }
}

extension ProxyHeader {
    /// The client's address; nil where the proxy did not say.
    public var source: SocketAddress? {
        switch addresses {
        case .internet(let source, _): SocketAddress(source)
        case .unix(let source, _): SocketAddress(unixName: source)
        case .unknown: nil
        }
    }

    /// Where the client wanted to go; nil where the proxy did not say.
    public var destination: SocketAddress? {
        switch addresses {
        case .internet(_, let destination): SocketAddress(destination)
        case .unix(_, let destination): SocketAddress(unixName: destination)
        case .unknown: nil
        }
    }

    /// What there is to say of a client: its address, and where it came in. What a proxy in front of this one has said
    /// is handed on, but not its other pieces.
    ///
    /// Addresses of two families become IPv6. Version 1 has no UNIX addresses: it says that the client is unknown.
    public init(_ version: Version, of client: Connection) {
        let source = client.remoteAddress
        let destination = client.proxyHeader?.destination ?? client.localAddress
        self.init(version, Addresses(from: source, to: destination, version))
    }
}

extension ProxyHeader.Addresses {
    fileprivate init(from source: SocketAddress?, to destination: SocketAddress?, _ version: ProxyHeader.Version) {
        if let first = source?.ip?.unmapped, let second = destination?.ip?.unmapped, let from = source?.port,
            let to = destination?.port
        {
            let isMixed = (first.ipv4 == nil) != (second.ipv4 == nil)
            self = .internet(
                source: InternetEndpoint(InternetAddress(first, mapped: isMixed), from.rawValue),
                destination: InternetEndpoint(InternetAddress(second, mapped: isMixed), to.rawValue))
        } else if version == .v2, case .unix(let from)? = source, case .unix(let to)? = destination {
            self = .unix(source: from.wireName, destination: to.wireName)
        } else {
            self = .unknown
        }
    }
}

extension InternetAddress {
    /// The same address.
    ///
    /// - Parameter mapped: one of IPv4 becomes the IPv6 address that stands for it.
    package init(_ address: IPAddress, mapped: Bool = false) {
        switch address {
        case .v4(let address): self = mapped ? .v6(IPv6Address(mapping: address).rawValue) : .v4(address.rawValue)
        case .v6(let address): self = .v6(address.rawValue)
        }
    }
}

extension IPAddress {
    /// The same address.
    package init(_ address: InternetAddress) {
        switch address {
        case .v4(let bits): self = .v4(IPv4Address(rawValue: bits))
        case .v6(let bits): self = .v6(IPv6Address(rawValue: bits))
        }
    }
}

extension SocketAddress {
    fileprivate init(_ endpoint: InternetEndpoint) {
        self.init(IPAddress(endpoint.address), Port(rawValue: endpoint.port))
    }

    /// A name as the protocol has it; one that is none here has no name.
    fileprivate init(unixName bytes: [UInt8]) {
        let name =
            bytes.first == 0 ? try? UnixAddress(abstract: Array(bytes.dropFirst())) : try? UnixAddress(path: bytes)
        self = .unix(name ?? .unnamed)
    }
}

extension UnixAddress {
    /// As the protocol has it: an abstract name behind a zero byte.
    fileprivate var wireName: [UInt8] { kind == .abstract ? [0] + bytes : bytes }
}
