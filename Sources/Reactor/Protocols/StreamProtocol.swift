// SPDX-License-Identifier: Apache-2.0

/// What happens on one connection, as calls of a loop: Twisted's `Protocol`. (Swift reads `Reactor.Protocol` as a
/// metatype, so that no type can have that name.)
///
/// ```swift
/// struct Echo: StreamProtocol {
///     func dataReceived(_ data: RawSpan, _ transport: StreamTransport) { transport.write(data) }
/// }
/// try loop.listenTCP(7, Factory(Echo.init))
/// try loop.run()
/// ```
/// A value or an object for each connection, made by a ``ProtocolFactory``, with whatever state it needs: all its
/// methods are called on the loop, one at a time, and never from within a call that it makes itself. No task stands
/// behind a connection.
///
/// The order is ``connectionMade(_:)``, any number of ``dataReceived(_:_:)``, ``readConnectionLost(_:)`` at most once,
/// ``connectionLost(_:_:)`` exactly once and as the last. What a method throws ends the connection, abruptly, and is
/// the reason of its end (``CloseReason/failed(_:)``).
public protocol StreamProtocol {
    /// The connection is there.
    mutating func connectionMade(_ transport: StreamTransport) throws

    /// Bytes have come, in pieces that have nothing to do with how they were sent: at least 1, at most 65,536. They are
    /// lent until this returns.
    mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) throws

    /// Reading goes on after a pause: whoever keeps bytes back delivers them first. Nobody else needs it.
    mutating func readingResumed(_ transport: StreamTransport) throws

    /// The peer has ended its direction and may still read. Unless it is implemented the connection ends, once what was
    /// written is sent. Twisted: `IHalfCloseableProtocol`.
    mutating func readConnectionLost(_ transport: StreamTransport) throws

    /// This side's direction has ended, as ``StreamTransport/loseWriteConnection()`` asked for. Twisted:
    /// `IHalfCloseableProtocol`.
    mutating func writeConnectionLost(_ transport: StreamTransport) throws

    /// The time of ``StreamTransport/setTimeout(_:resetsOnTraffic:)`` is up. Unless it is implemented the connection
    /// ends with ``CloseReason/timedOut``.
    mutating func timeoutConnection(_ transport: StreamTransport) throws

    /// The connection is gone. There are no more calls.
    mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport)
}

extension StreamProtocol {
    /// Nothing.
    public mutating func connectionMade(_ transport: StreamTransport) {}
    /// Nothing: the bytes are thrown away.
    public mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) {}
    /// Nothing.
    public mutating func readingResumed(_ transport: StreamTransport) {}
    /// Ends the connection.
    public mutating func readConnectionLost(_ transport: StreamTransport) { transport.loseConnection() }
    /// Nothing.
    public mutating func writeConnectionLost(_ transport: StreamTransport) {}
    /// Throws the connection away.
    public mutating func timeoutConnection(_ transport: StreamTransport) { transport.end(.timedOut) }
    /// Nothing.
    public mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) {}
}

/// Bytes that are lent, as values of one's own.
extension RawSpan {
    /// The bytes, copied.
    public var array: [UInt8] { copied }

    /// The bytes as UTF-8; each ill-formed piece becomes U+FFFD.
    public var text: String { unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } }
}
