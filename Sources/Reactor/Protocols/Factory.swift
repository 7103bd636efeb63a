// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Makes the protocols of connections: Twisted's `IProtocolFactory`. What its connections share belongs to it.
///
/// Called on the loop.
public protocol ProtocolFactory: Sendable {
    /// The protocol for a connection with this peer; nil to refuse, and the connection is closed. Twisted:
    /// `buildProtocol`.
    func buildProtocol(_ peer: SocketAddress) -> (any StreamProtocol)?

    /// It begins to be used. Twisted: `startFactory`.
    func startFactory()

    /// It is not used any more: its port is closed, and every connection is gone. Twisted: `stopFactory`.
    func stopFactory()
}

extension ProtocolFactory {
    /// Nothing.
    public func startFactory() {}
    /// Nothing.
    public func stopFactory() {}
}

/// A factory of a server: Twisted's `Factory`, `ServerFactory`, `Factory.forProtocol`.
///
/// ```swift
/// try loop.listenTCP(1234, Factory(Logger.init))
/// try loop.listenTCP(1235, Factory { Chat(room) }.limited(to: 1000).timedOut(after: .seconds(60)))
/// ```
public struct Factory: ProtocolFactory {
    private let make: @Sendable (SocketAddress) -> (any StreamProtocol)?

    /// A new protocol for each connection.
    public init<Made: StreamProtocol & SendableMetatype>(_ make: @escaping @Sendable () -> Made) {
        self.make = { _ in make() }
    }

    /// A protocol for each peer, or nil to refuse it.
    public init(building make: @escaping @Sendable (SocketAddress) -> (any StreamProtocol)?) { self.make = make }

    /// The protocol for a connection.
    public func buildProtocol(_ peer: SocketAddress) -> (any StreamProtocol)? { make(peer) }
}

/// Makes the protocols of a client, and learns what becomes of its connection: Twisted's `ClientFactory`.
public protocol ClientProtocolFactory: ProtocolFactory {
    /// An attempt begins.
    func startedConnecting(_ connector: ClientConnector)

    /// It failed. Twisted's reasons are questions here: ``SocketError/isConnectionRefused``,
    /// ``SocketError/isNameNotFound`` (`DNSLookupError`), ``SocketError/isUnreachable`` (`NoRouteError`), `.timedOut`,
    /// `.cancelled` (`UserError`: ``ClientConnector/stopConnecting()``).
    func clientConnectionFailed(_ connector: ClientConnector, _ error: SocketError)

    /// The connection was there and is gone; its protocol has heard of it. Here one connects anew:
    /// ``ClientConnector/connect()``.
    func clientConnectionLost(_ connector: ClientConnector, _ reason: CloseReason)
}

extension ClientProtocolFactory {
    /// Nothing.
    public func startedConnecting(_ connector: ClientConnector) {}
    /// Nothing.
    public func clientConnectionFailed(_ connector: ClientConnector, _ error: SocketError) {}
    /// Nothing.
    public func clientConnectionLost(_ connector: ClientConnector, _ reason: CloseReason) {}
}

/// A factory of a client.
///
/// ```swift
/// try loop.connectTCP("example.test", 7, ClientFactory(Greeter.init).whenFailed { connector, error in loop.stop() })
/// ```
public struct ClientFactory: ClientProtocolFactory {
    private let base: Factory
    private var failed: (@Sendable (ClientConnector, SocketError) -> Void)?
    private var lost: (@Sendable (ClientConnector, CloseReason) -> Void)?

    /// A new protocol for each connection.
    public init<Made: StreamProtocol & SendableMetatype>(_ make: @escaping @Sendable () -> Made) {
        base = Factory(make)
    }

    /// A protocol for each peer, or nil to refuse it.
    public init(building make: @escaping @Sendable (SocketAddress) -> (any StreamProtocol)?) {
        base = Factory(building: make)
    }

    /// Calls `action` when an attempt has failed.
    public func whenFailed(_ action: @escaping @Sendable (ClientConnector, SocketError) -> Void) -> ClientFactory {
        var copy = self
        copy.failed = action
        return copy
    }

    /// Calls `action` when a connection is gone.
    public func whenLost(_ action: @escaping @Sendable (ClientConnector, CloseReason) -> Void) -> ClientFactory {
        var copy = self
        copy.lost = action
        return copy
    }

    /// The protocol for a connection.
    public func buildProtocol(_ peer: SocketAddress) -> (any StreamProtocol)? { base.buildProtocol(peer) }

    /// Calls what ``whenFailed(_:)`` was given.
    public func clientConnectionFailed(_ connector: ClientConnector, _ error: SocketError) { failed?(connector, error) }

    /// Calls what ``whenLost(_:)`` was given.
    public func clientConnectionLost(_ connector: ClientConnector, _ reason: CloseReason) { lost?(connector, reason) }
}
