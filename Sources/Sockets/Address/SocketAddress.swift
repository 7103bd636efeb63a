// SPDX-License-Identifier: Apache-2.0

/// The numeric address of a socket, as the kernel knows it: what `bind`, `connect` and `accept` take and give.
///
/// ```swift
/// let local: SocketAddress = .loopback(8080)
/// let peer = try SocketAddress("[2001:db8::1]:443")
/// ```
/// Names are an ``Endpoint``'s matter; the resolver turns them into these.
/// C: `sockaddr(3type)`.
public enum SocketAddress: Hashable, Sendable {
    /// An IPv4 address and a port.
    case ipv4(IPv4Address, Port)
    /// An IPv6 address (its scope included), a port, and the flow information: traffic class and flow label, in host
    /// order, 0 for none. RFC 3493 §3.3.
    case ipv6(IPv6Address, Port, flowInfo: UInt32)
    /// A UNIX-domain address.
    case unix(UnixAddress)
    /// An address of another family: the family's number and the bytes behind it, as the kernel lays them out.
    case other(family: Int32, bytes: [UInt8])

    /// The address of `port` at `ip`.
    public init(_ ip: IPAddress, _ port: Port) {
        switch ip {
        case .v4(let address): self = .ipv4(address, port)
        case .v6(let address): self = .ipv6(address, port, flowInfo: 0)
        }
    }

    /// 127.0.0.1 and this port: reachable from this machine only.
    public static func loopback(_ port: Port) -> SocketAddress { .ipv4(.loopback, port) }

    /// 0.0.0.0 and this port: every IPv4 interface of this machine.
    public static func any(_ port: Port) -> SocketAddress { .ipv4(.any, port) }

    /// The IP address, or nil for another family.
    public var ip: IPAddress? {
        switch self {
        case .ipv4(let address, _): .v4(address)
        case .ipv6(let address, _, _): .v6(address)
        case .unix, .other: nil
        }
    }

    /// The port, or nil for a family that has none.
    public var port: Port? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port, _): port
        case .unix, .other: nil
        }
    }

    /// The UNIX address, or nil for another family.
    public var unix: UnixAddress? { if case .unix(let address) = self { address } else { nil } }
}

extension SocketAddress: CustomStringConvertible {
    /// Reads a numeric address: `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, `unix:/path`, `unix:@name`.
    ///
    /// - Throws: ``AddressError`` that quotes the text; a host name is refused, since only a resolver can turn it into
    ///   an address.
    public init(_ text: some StringProtocol) throws(AddressError) {
        do throws(AddressError.Reason) {
            self = try Self.parse(Substring(text))
        } catch {
            throw AddressError(text, .socketAddress, error)
        }
    }

    private static func parse(_ text: Substring) throws(AddressError.Reason) -> SocketAddress {
        guard !text.isEmpty else { throw .empty }
        if text.hasPrefix("unix:") { return .unix(try UnixAddress(afterScheme: text.dropFirst("unix:".count))) }
        var (address, flowInfo) = (text, UInt32(0))
        if let mark = text.firstIndex(of: "?"), text[mark...].hasPrefix(flowMark),
            let number = UInt32(text[mark...].dropFirst(flowMark.count))
        {
            (address, flowInfo) = (text[..<mark], number)
        }
        let authority = try Authority(address)
        let port = try authority.port(default: nil)
        do throws(AddressError) {
            guard authority.isBracketed else {
                guard flowInfo == 0 else { throw AddressError(text, .socketAddress, .unexpectedCharacter("?")) }
                return .ipv4(try IPv4Address(authority.host), port)
            }
            return .ipv6(try IPv6Address(authority.host), port, flowInfo: flowInfo)
        } catch {
            throw error.reason
        }
    }

    private static let flowMark = "?flowinfo="

    /// The address in the form that ``init(_:)`` reads. Flow information, when there is any, follows as
    /// `?flowinfo=7`. An address of another family prints its number and bytes and can't be read back.
    public var description: String {
        switch self {
        case .ipv4(let address, let port): "\(address):\(port)"
        case .ipv6(let address, let port, 0): "[\(address)]:\(port)"
        case .ipv6(let address, let port, let flowInfo): "[\(address)]:\(port)\(Self.flowMark)\(flowInfo)"
        case .unix(let address): address.description
        case .other(let family, let bytes):
            "family \(family): " + bytes.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined()
        }
    }
}
