// SPDX-License-Identifier: Apache-2.0
//
// Hazard:   who may say who a client is may be any client. Where the header is optional, whoever leaves it out is taken
//           for the proxy, and whoever writes it for anybody.
// Decision: off unless asked for; then each connection has to come from one of these addresses, and has to begin with a
//           header. There is no mode in which it may.
public import Sockets
public import Wire

/// The proxies that are believed when they say who a client is, by the PROXY protocol, version 1 or 2.
///
/// ```swift
/// let proxies = TrustedProxies([try IPNetwork("10.0.0.0/8")])
/// let server = try await Server(on: "*:9999", handler: proxies.receiving { connection in
///     print(connection.remoteAddress)     // the client's, not the proxy's
/// })
/// ```
/// Every connection has to come from one of them and to begin with a header, whole within the time limit; any other is
/// let go of before its handler hears of it. What comes behind the header is the client's.
///
/// HAProxy Technologies, *The PROXY protocol, versions 1 & 2*, §3.
public struct TrustedProxies: Hashable, Sendable {
    /// The networks that the proxies are in.
    public let networks: [IPNetwork]
    /// Whether peers without an IP address, those of a UNIX path, are proxies: who may connect there says the path.
    public let includesUNIX: Bool
    /// The most that a header may take to come.
    public let timeLimit: Duration
    /// The most bytes that a header may have.
    public let headerLimit: Int

    /// Proxies in these networks.
    ///
    /// - Precondition: the limit for the header is at least 16.
    public init(
        _ networks: [IPNetwork], includesUNIX: Bool = false, timeLimit: Duration = .seconds(5),
        headerLimit: Int = ProxyHeaderFramer.defaultLimit
    ) {
        precondition(headerLimit >= 16, "a PROXY header's limit has room for its fixed part")
        self.networks = networks
        self.includesUNIX = includesUNIX
        self.timeLimit = timeLimit
        self.headerLimit = headerLimit
    }

    /// Whether a peer is one of them. An IPv4 address counts in either of its forms.
    public func contains(_ peer: SocketAddress?) -> Bool {
        guard let ip = peer?.ip?.unmapped else { return includesUNIX && peer?.unix != nil }
        return networks.contains { $0.contains(ip) }
    }

    /// A handler that reads the header first, and then calls `handler`.
    public func receiving(_ handler: @escaping Server.Handler) -> Server.Handler {
        { connection in
            try await receiveHeader(on: connection)
            try await handler(connection)
        }
    }

    /// Reads the header with which a connection begins: from then on its ``Connection/remoteAddress`` is the client's.
    ///
    /// - Throws: ``FrameError/framing(_:)`` for a peer that is no trusted proxy, and for what is no header;
    ///   ``FrameError/connection(_:)`` with `.timedOut` when it takes too long, and as ``Connection/receive()``.
    public nonisolated(nonsending) func receiveHeader(on connection: Connection) async throws(FrameError) {
        if !connection.loop.isCurrent {
            return try await withTaskExecutorPreference(connection.loop) { () async throws(FrameError) in
                try await receiveHeader(on: connection)
            }
        }
        guard contains(connection.peer) else {
            let peer = connection.peer.map { "\($0)" } ?? "a peer without an address"
            throw .framing(FramingError(Self.name, .malformed("\(peer) is no trusted proxy")))
        }
        var framer = ProxyHeaderFramer(limit: headerLimit)
        let before = connection.readDeadline
        connection.readDeadline = min(before, connection.loop.timeNow.advanced(by: timeLimit))
        defer { connection.readDeadline = before }
        let header = try await connection.exchange(Self.name) { input, _ throws(FramingError) in
            try framer.next(in: &input)
        }
        guard let header else { throw .framing(FramingError(Self.name, .truncated(have: 0, of: nil))) }
        connection.note(header)
    }

    private static let name = "PROXY header"
}
