// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// An endpoint turned into addresses that a socket can have, in the order in which to try them. Never empty.
struct Route {
    let kind: SocketKind
    let addresses: [SocketAddress]
    private let text: String

    /// - Parameters:
    ///   - family: only addresses of this family; `.unspecified` for all.
    ///   - kind: the kind that the caller's socket has; nil to take it from the endpoint's scheme.
    ///   - isPassive: for a server, where IPv4 comes first and a wildcard makes sense.
    init(
        _ endpoint: some EndpointConvertible, family: AddressFamily, kind: SocketKind? = nil, isPassive: Bool,
        for operation: SocketError.Operation
    ) throws(SocketError) {
        let endpoint = try Self.read(endpoint, for: operation)
        text = "\(endpoint)"
        guard let schemeKind = endpoint.scheme.socketKind else {
            throw SocketError(operation, .invalid("\(endpoint.scheme.rawValue) is more than a socket"), subject: text)
        }
        let kind = kind ?? schemeKind
        let found: [SocketAddress]
        switch endpoint.target {
        case .unix(let address): found = [.unix(address)]
        case .host(let host, let port):
            found = try Self.resolve(host, port, family, kind, isPassive: isPassive, (operation, text))
        default: found = []
        }
        let addresses = found.filter { family == .unspecified || $0.family == family }
        if addresses.isEmpty {
            throw SocketError(operation, .invalid("it has no \(family) address"), subject: text)
        }
        self.kind = kind
        // Python's servers are IPv4 unless told otherwise, and "localhost" is ::1 first on most systems.
        self.addresses =
            isPassive ? addresses.filter { $0.family != .ipv6 } + addresses.filter { $0.family == .ipv6 } : addresses
    }

    /// Tries one address after the other until one works; else an error that tells every attempt.
    func first(
        for operation: SocketError.Operation, _ body: (SocketAddress, Int) throws(SocketError) -> Socket
    ) throws(SocketError) -> Socket {
        let start = SystemClock.now
        var attempts: [SocketError.Attempt] = []
        var failure: SocketError?
        for (index, address) in addresses.enumerated() {
            let begun = SystemClock.now - start
            do throws(SocketError) { return try body(address, index) } catch {
                attempts.append(.init(address: address, started: begun, reason: error.reason))
                failure = error
            }
        }
        let reason = failure?.reason ?? .system(.noSuchAddressOrDevice)
        throw SocketError(
            operation, reason, subject: text, attempts: attempts.count > 1 ? attempts : [], holder: failure?.holder)
    }

    private static func read(
        _ endpoint: some EndpointConvertible, for operation: SocketError.Operation
    ) throws(SocketError) -> Endpoint {
        do throws(AddressError) { return try endpoint.endpoint() } catch {
            throw SocketError(operation, .address(error))
        }
    }

    private static func resolve(
        _ host: Endpoint.Host, _ port: Port, _ family: AddressFamily, _ kind: SocketKind, isPassive: Bool,
        _ asked: (operation: SocketError.Operation, text: String)
    ) throws(SocketError) -> [SocketAddress] {
        switch host {
        case .loopback: return [.ipv4(.loopback, port), .ipv6(.loopback, port, flowInfo: 0)]
        case .everyInterface where isPassive && Socket.hasDualStack && family != .ipv4:
            return [.ipv6(.any, port, flowInfo: 0)]
        case .everyInterface: return [.ipv4(.any, port)]
        case .address(let ip): return [SocketAddress(ip, port)]
        case .name(let name):
            do throws(ResolverError) {
                return try Resolver.addresses(of: name.text, port: port, family: family, kind: kind)
            } catch {
                throw SocketError(asked.operation, .unresolved(error), subject: asked.text)
            }
        }
    }
}

extension Endpoint.Scheme {
    /// The kind of socket behind a scheme that is nothing but a socket.
    var socketKind: SocketKind? {
        switch self {
        case .tcp, .unix: .stream
        case .udp, .unixDatagram: .datagram
        case .unixSequencedPacket: .sequencedPacket
        default: nil
        }
    }
}

extension SocketAddress {
    /// The addresses to listen at for an endpoint, in the order in which to try them. A name is looked up, which
    /// blocks.
    package static func listening(on endpoint: some EndpointConvertible) throws(SocketError) -> [SocketAddress] {
        try Route(endpoint, family: .unspecified, isPassive: true, for: .listen).addresses
    }

    /// The addresses to connect to for an endpoint, in the order in which to try them. A name is looked up, which
    /// blocks.
    package static func connecting(to endpoint: some EndpointConvertible) throws(SocketError) -> [SocketAddress] {
        try Route(endpoint, family: .unspecified, isPassive: false, for: .connect).addresses
    }

    /// The same where nothing has to be looked up; nil for a name.
    package static func known(
        _ endpoint: some EndpointConvertible, for operation: SocketError.Operation
    ) throws(SocketError) -> [SocketAddress]? {
        do throws(AddressError) {
            if case .host(.name, _) = try endpoint.endpoint().target { return nil }
        } catch {
            throw SocketError(operation, .address(error))
        }
        return try connecting(to: endpoint)
    }

    /// The first address of an endpoint that a socket of this kind and family can use.
    static func first(
        of endpoint: some EndpointConvertible, kind: SocketKind, family: AddressFamily,
        for operation: SocketError.Operation
    ) throws(SocketError) -> SocketAddress {
        try Route(endpoint, family: family, kind: kind, isPassive: false, for: operation).addresses[0]
    }
}

extension Socket {
    /// Whether one IPv6 socket can serve IPv4 clients too on this machine. Python's `has_dualstack_ipv6`.
    public static let hasDualStack: Bool = {
        guard let probe = try? Socket(.ipv6, .stream) else { return false }
        return (try? probe.set(.ipv6Only, to: false)) != nil
    }()
}
