// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// Sockets from an endpoint in one call: Python's `create_server` and `create_connection`.
extension Socket {
    /// Opens, binds and listens. A name's addresses are tried in turn, IPv4 first; the first that can be had is taken.
    ///
    /// The address can be used again at once after a restart (`SO_REUSEADDR`). `.public(port)` and an IPv6 wildcard
    /// listen for both families, `:port` on 127.0.0.1. A UNIX path that a dead server left behind is taken over, one
    /// that answers never is, and the path goes with the last socket that has it. An inherited socket (`fd:3`,
    /// `systemd:name`) listens already; it is taken over, once.
    ///
    /// - Parameters:
    ///   - family: only addresses of this family.
    ///   - reusesPort: lets several sockets listen on the same port, each with a share of the clients (`SO_REUSEPORT`).
    /// - Throws: `.address`, `.unresolved`, and the errors of ``bind(to:)-(SocketAddress)``.
    ///
    /// C: `socket(2)`, `bind(2)`, `listen(2)`.
    public static func listening(
        on endpoint: some EndpointConvertible, family: AddressFamily = .unspecified,
        backlog: Int = Socket.maximumBacklog, reusesPort: Bool = false
    ) throws(SocketError) -> Socket {
        if let inherited = try inheritedListener(endpoint) { return inherited }
        let route = try Route(endpoint, family: family, isPassive: true, for: .listen)
        return try route.first(for: .listen) { address, _ throws(SocketError) in
            try listening(at: address, kind: route.kind, backlog: backlog, reusesPort: reusesPort)
        }
    }

    /// The socket that an endpoint like `fd:3` or `systemd:name` names; nil for any other endpoint.
    static func inheritedListener(_ endpoint: some EndpointConvertible) throws(SocketError) -> Socket? {
        let read: Endpoint
        do throws(AddressError) { read = try endpoint.endpoint() } catch {
            throw SocketError(.listen, .address(error))
        }
        guard let numbers = try InheritedSockets.descriptors(of: read, for: .listen) else { return nil }
        guard numbers.count == 1 else {
            throw SocketError(.listen, .invalid("systemd passes \(numbers.count) of this name"), subject: "\(read)")
        }
        return try InheritedSockets.takeListener(numbers[0], subject: "\(read)")
    }

    /// The same for one address that is known.
    package static func listening(
        at address: SocketAddress, kind: SocketKind = .stream, backlog: Int, reusesPort: Bool
    ) throws(SocketError) -> Socket {
        let socket = try Socket(address.family, kind)
        if reusesPort { try socket.set(.reusePort, to: true) }
        return try socket.passive(at: address, backlog: backlog)
    }

    /// Opens a socket for messages and gives it the endpoint's address: `"udp://:8080"`, `"unix-dgram:/run/log"`.
    ///
    /// - Throws: as ``listening(on:family:backlog:reusesPort:)``.
    ///
    /// C: `socket(2)`, `bind(2)`.
    public static func bound(
        to endpoint: some EndpointConvertible, family: AddressFamily = .unspecified
    ) throws(SocketError) -> Socket {
        let route = try Route(endpoint, family: family, isPassive: true, for: .bind)
        return try route.first(for: .bind) { address, _ throws(SocketError) in
            let socket = try Socket(address.family, route.kind)
            try socket.prepareBothFamilies(for: address)
            try socket.bind(to: address)
            return socket
        }
    }

    /// Opens and connects. A name's addresses are tried one after the other, and every failure is told.
    ///
    /// - Parameters:
    ///   - limit: the most that all attempts may take together; nil for as long as the system tries. The socket that is
    ///     returned blocks.
    ///   - source: the local address to connect from.
    /// - Throws: `.address`, `.unresolved`, `.timedOut`, ``SocketError/isConnectionRefused``, …; with
    ///   ``SocketError/attempts`` where there was more than one address.
    ///
    /// C: `socket(2)`, `connect(2)`.
    public static func connecting(
        to endpoint: some EndpointConvertible, within limit: Duration? = nil, from source: SocketAddress? = nil,
        family: AddressFamily = .unspecified
    ) throws(SocketError) -> Socket {
        let route = try Route(endpoint, family: source?.family ?? family, isPassive: false, for: .connect)
        var patience = Patience(limit)
        return try route.first(for: .connect) { address, _ throws(SocketError) in
            var socket = try Socket(address.family, route.kind)
            if let source { try socket.bind(to: source) }
            let left = patience.left()
            if left == .zero { throw SocketError(.connect, .timedOut, subject: "\(address)") }
            try socket.setTimeLimit(left)
            try socket.connect(to: address)
            try socket.setTimeLimit(nil)
            return socket
        }
    }

    /// ``bind(to:)-(SocketAddress)`` for a text or an endpoint.
    ///
    /// - Throws: `.address` and `.unresolved` too.
    ///
    /// C: `bind(2)`.
    public func bind(to endpoint: some EndpointConvertible) throws(SocketError) {
        try bind(to: Route(endpoint, family: family, kind: kind, isPassive: true, for: .bind).addresses[0])
    }

    /// ``connect(to:)-(SocketAddress)`` for a text or an endpoint; of a name the first address is taken.
    ///
    /// - Throws: `.address` and `.unresolved` too.
    ///
    /// C: `connect(2)`.
    public mutating func connect(to endpoint: some EndpointConvertible) throws(SocketError) {
        try connect(to: Route(endpoint, family: family, kind: kind, isPassive: false, for: .connect).addresses[0])
    }

    consuming func passive(
        at address: SocketAddress, backlog: Int, reusesAddress: Bool = true
    ) throws(SocketError) -> Socket {
        if let name = address.unix, name.kind == .path {
            self.path = try bindPath(name.bytes, address, backlog: backlog)
            return self
        }
        if address.ip != nil && reusesAddress { try set(.reuseAddress, to: true) }
        try prepareBothFamilies(for: address)
        do throws(SocketError) {
            try bind(to: address)
            try listen(backlog: backlog)
        } catch {
            throw SocketError(.listen, error.reason, subject: "\(address)", holder: error.holder)
        }
        return self
    }

    func prepareBothFamilies(for address: SocketAddress) throws(SocketError) {
        if case .ipv6(let ip, _, _) = address, ip == .any { try set(.ipv6Only, to: false) }
    }
}
