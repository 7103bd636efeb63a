// SPDX-License-Identifier: Apache-2.0

/// What a server's socket is opened with, beyond its address.
package struct ServerSocketOptions: Sendable {
    /// Only addresses of this family.
    package var family = AddressFamily.unspecified
    package var backlog = Socket.maximumBacklog
    /// Of a listener. For datagrams it would mean two servers with one address, and nobody knew which is sent to.
    package var reusesAddress = true
    package var reusesPort = false

    package init() {}
}

extension Socket {
    /// Opens a server's socket of a kind, whatever kind the endpoint's scheme speaks of: a listener, or one for
    /// datagrams. Its rules for UNIX paths are those of ``listening(on:family:backlog:reusesPort:)``.
    ///
    /// - Parameter prepare: sees each socket before it gets its address.
    /// - Throws: as ``listening(on:family:backlog:reusesPort:)``, and what `prepare` throws.
    package static func serving(
        on endpoint: some EndpointConvertible, _ kind: SocketKind, _ options: ServerSocketOptions,
        prepare: (borrowing Socket) throws(SocketError) -> Void
    ) throws(SocketError) -> Socket {
        let operation: SocketError.Operation = kind == .stream ? .listen : .bind
        if kind == .stream, let inherited = try inheritedListener(endpoint) {
            try prepare(inherited)
            return inherited
        }
        let route = try Route(endpoint, family: options.family, kind: kind, isPassive: true, for: operation)
        return try route.first(for: operation) { address, _ throws(SocketError) in
            let socket = try Socket(address.family, kind)
            if options.reusesPort { try socket.set(.reusePort, to: true) }
            try prepare(socket)
            if kind == .stream {
                return try socket.passive(
                    at: address, backlog: options.backlog, reusesAddress: options.reusesAddress)
            }
            return try socket.boundForDatagrams(at: address)
        }
    }

    private consuming func boundForDatagrams(at address: SocketAddress) throws(SocketError) -> Socket {
        if let name = address.unix, name.kind == .path {
            self.path = try bindPath(name.bytes, address, backlog: nil)
            return self
        }
        try prepareBothFamilies(for: address)
        try bind(to: address)
        return self
    }
}
