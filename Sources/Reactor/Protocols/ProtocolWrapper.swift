// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A protocol around another one, which hears everything unless the wrapper says otherwise: Twisted's
/// `ProtocolWrapper`.
public protocol ProtocolWrapper: StreamProtocol {
    /// The protocol within.
    var wrapped: any StreamProtocol { get set }
}

extension ProtocolWrapper {
    /// Hands the call on.
    public mutating func connectionMade(_ transport: StreamTransport) throws { try wrapped.connectionMade(transport) }
    /// Hands the call on.
    public mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) throws {
        try wrapped.dataReceived(data, transport)
    }
    /// Hands the call on.
    public mutating func readingResumed(_ transport: StreamTransport) throws { try wrapped.readingResumed(transport) }
    /// Hands the call on.
    public mutating func readConnectionLost(_ transport: StreamTransport) throws {
        try wrapped.readConnectionLost(transport)
    }
    /// Hands the call on.
    public mutating func writeConnectionLost(_ transport: StreamTransport) throws {
        try wrapped.writeConnectionLost(transport)
    }
    /// Hands the call on.
    public mutating func timeoutConnection(_ transport: StreamTransport) throws {
        try wrapped.timeoutConnection(transport)
    }
    /// Hands the call on.
    public mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) {
        wrapped.connectionLost(reason, transport)
    }
}

/// What a factory's connections have to keep to: who is admitted, and what is done about each one's time, rate and
/// traffic. One value serves every connection of a factory.
public protocol ConnectionPolicy: Sendable {
    /// Whether a connection with this peer is wanted. Called on the loop. Who answers yes hears ``left(_:)`` later.
    func admits(_ peer: SocketAddress) -> Bool

    /// A connection begins, before its protocol hears of it.
    func began(_ transport: StreamTransport)

    /// A peer that was admitted is gone, or was turned away by another policy.
    func left(_ peer: SocketAddress)
}

extension ConnectionPolicy {
    /// Yes.
    public func admits(_ peer: SocketAddress) -> Bool { true }
    /// Nothing.
    public func began(_ transport: StreamTransport) {}
    /// Nothing.
    public func left(_ peer: SocketAddress) {}
}

extension ProtocolFactory {
    /// The same factory with a policy: Twisted's `WrappingFactory`. Policies add up; the first to say no counts.
    public func with<Policy: ConnectionPolicy>(_ policy: Policy) -> PolicedFactory<Self, Policy> {
        PolicedFactory(base: self, policy: policy)
    }
}

/// A factory and a policy of its connections.
public struct PolicedFactory<Base: ProtocolFactory, Policy: ConnectionPolicy>: ProtocolFactory {
    /// The factory within.
    public let base: Base
    /// What its connections keep to.
    public let policy: Policy

    /// The protocol for a peer that is admitted.
    public func buildProtocol(_ peer: SocketAddress) -> (any StreamProtocol)? {
        guard policy.admits(peer) else { return nil }
        guard let inner = base.buildProtocol(peer) else {
            policy.left(peer)
            return nil
        }
        return PolicedProtocol(wrapped: inner, policy: policy)
    }

    /// Starts the factory within.
    public func startFactory() { base.startFactory() }
    /// Stops the factory within.
    public func stopFactory() { base.stopFactory() }
}

extension PolicedFactory: ClientProtocolFactory where Base: ClientProtocolFactory {
    /// Tells the factory within.
    public func startedConnecting(_ connector: ClientConnector) { base.startedConnecting(connector) }
    /// Tells the factory within.
    public func clientConnectionFailed(_ connector: ClientConnector, _ error: SocketError) {
        base.clientConnectionFailed(connector, error)
    }
    /// Tells the factory within.
    public func clientConnectionLost(_ connector: ClientConnector, _ reason: CloseReason) {
        base.clientConnectionLost(connector, reason)
    }
}

/// A protocol under a policy.
struct PolicedProtocol<Policy: ConnectionPolicy>: ProtocolWrapper {
    var wrapped: any StreamProtocol
    let policy: Policy

    mutating func connectionMade(_ transport: StreamTransport) throws {
        policy.began(transport)
        try wrapped.connectionMade(transport)
    }

    mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) {
        wrapped.connectionLost(reason, transport)
        policy.left(transport.peer)
    }
}
