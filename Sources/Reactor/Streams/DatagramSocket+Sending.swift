// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// To anybody.
extension DatagramSocket {
    /// Sends a datagram.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.timedOut`, `.busy`, ``SocketError/isUnreachable``;
    ///   ``SocketError/isPermissionDenied`` for a broadcast that was not allowed; `.system` with `EMSGSIZE` for one
    ///   that is longer than the protocol carries. The datagram was not sent.
    ///
    /// C: `sendto(2)`.
    public nonisolated(nonsending) func send(_ bytes: RawSpan, to address: SocketAddress) async throws(SocketError) {
        try await transmit(bytes, to: address, by: nil)
    }

    /// Sends a datagram.
    ///
    /// - Throws: as ``send(_:to:)-(RawSpan,SocketAddress)``.
    public nonisolated(nonsending) func send(_ bytes: [UInt8], to address: SocketAddress) async throws(SocketError) {
        try await transmit(unsafe bytes.span.bytes, to: address, by: nil)
    }

    /// Sends text, as UTF-8.
    ///
    /// - Throws: as ``send(_:to:)-(RawSpan,SocketAddress)``.
    public nonisolated(nonsending) func send(_ text: String, to address: SocketAddress) async throws(SocketError) {
        try await transmit(unsafe text.utf8.span.bytes, to: address, by: nil)
    }

    /// Answers a datagram: goes to who sent it, and where ``Options/tellsPath`` was asked for it comes from the address
    /// that was asked, as clients expect of a machine that has several.
    ///
    /// - Throws: as ``send(_:to:)-(RawSpan,SocketAddress)``.
    public nonisolated(nonsending) func reply(_ bytes: [UInt8], to datagram: Datagram) async throws(SocketError) {
        try await transmit(unsafe bytes.span.bytes, to: datagram.sender, by: datagram.path)
    }

    /// Answers a datagram with text.
    ///
    /// - Throws: as ``send(_:to:)-(RawSpan,SocketAddress)``.
    public nonisolated(nonsending) func reply(_ text: String, to datagram: Datagram) async throws(SocketError) {
        try await transmit(unsafe text.utf8.span.bytes, to: datagram.sender, by: datagram.path)
    }

    /// Looks an endpoint up, once for many sends: `try await socket.address(of: "example.test:53")`.
    ///
    /// - Returns: the first of its addresses that this socket can send to.
    /// - Throws: `.address`, `.unresolved`, `.timedOut`, `.cancelled`; `.invalid` where it has no address of the
    ///   socket's family.
    public func address(of endpoint: some EndpointConvertible) async throws(SocketError) -> SocketAddress {
        let family = localAddress.family
        let addresses = try await loop.run(async: { [loop] () async throws(SocketError) in
            try await DatagramTarget(endpoint, for: .send).addresses(isPassive: false, on: loop)
        })
        // On Linux a socket of IPv6 sends to IPv4 addresses too, unless it was told not to.
        let usable =
            addresses.first { $0.family == family } ?? addresses.first { family == .ipv6 && $0.family == .ipv4 }
        guard let usable else {
            throw SocketError(.send, .invalid("it has no \(family) address"), subject: "\(endpoint)")
        }
        return usable
    }
}

/// Many at a time.
extension DatagramSocket {
    /// Sends datagrams, in their order, with as few system calls as there can be.
    ///
    /// - Throws: as ``send(_:to:)-(RawSpan,SocketAddress)`` for the first that could not be sent. Those before it were
    ///   sent, and are counted (``sentCount``); it and those behind it were not.
    ///
    /// C: `sendmmsg(2)`.
    public nonisolated(nonsending) func send(_ datagrams: [OutgoingDatagram]) async throws(SocketError) {
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in try await send(datagrams) })
        }
        var rest = datagrams[...]
        while !rest.isEmpty {
            let count = try transport.sendNow(rest)
            if count == 0 { try await waitUntilWritable() }
            sent.wrappingAdd(count, ordering: .relaxed)
            rest = rest.dropFirst(count)
        }
    }
}

/// To the peer.
extension DatagramSocket {
    /// Gives the socket a peer, or another one: from now on it receives from nobody else and learns when the peer's
    /// machine refuses. Nothing is sent, and nobody is asked.
    ///
    /// - Throws: `.address`, `.unresolved`, `.closed`, `.cancelled`, ``SocketError/isUnreachable``,
    ///   ``SocketError/isPermissionDenied`` for a broadcast address that was not allowed.
    ///
    /// C: `connect(2)`.
    public func connect(to endpoint: some EndpointConvertible) async throws(SocketError) {
        let address = try await address(of: endpoint)
        try await loop.run { [self] () throws(SocketError) in
            try transport.connect(to: address)
            refreshAddresses()
        }
    }

    /// Sends a datagram to the peer.
    ///
    /// - Throws: as ``send(_:to:)-(RawSpan,SocketAddress)``; ``SocketError/isNotConnected`` without a peer;
    ///   ``SocketError/isConnectionRefused`` where an *earlier* datagram was refused. This one was then not sent, and
    ///   the next one is.
    ///
    /// C: `send(2)`.
    public nonisolated(nonsending) func send(_ bytes: RawSpan) async throws(SocketError) {
        try await transmit(bytes, to: nil, by: nil)
    }

    /// Sends a datagram to the peer.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ bytes: [UInt8]) async throws(SocketError) {
        try await transmit(unsafe bytes.span.bytes, to: nil, by: nil)
    }

    /// Sends text to the peer, as UTF-8.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ text: String) async throws(SocketError) {
        try await transmit(unsafe text.utf8.span.bytes, to: nil, by: nil)
    }

    private nonisolated(nonsending) func transmit(
        _ bytes: RawSpan, to address: SocketAddress?, by path: DatagramPath?
    ) async throws(SocketError) {
        if !loop.isCurrent { return try await transmitElsewhere(bytes.copied, to: address, by: path) }
        while try !transport.sendNow(bytes, to: address, by: path) {
            try await waitUntilWritable()
        }
        sent.wrappingAdd(1, ordering: .relaxed)
    }

    @concurrent private func transmitElsewhere(
        _ bytes: [UInt8], to address: SocketAddress?, by path: DatagramPath?
    ) async throws(SocketError) {
        try await loop.run(async: { [self] () async throws(SocketError) in
            try await transmit(unsafe bytes.span.bytes, to: address, by: path)
        })
    }
}
