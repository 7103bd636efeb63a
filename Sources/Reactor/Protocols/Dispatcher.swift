// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Wire

/// A socket's events, as Python's `asyncore.dispatcher` gives them: whoever is told that reading would not have to wait
/// reads, and whoever is told the same of writing writes.
///
/// ```swift
/// struct EchoHandler: Dispatcher {
///     func handleRead(_ channel: DispatcherChannel) throws { try channel.send(channel.receive(upTo: 8192)) }
/// }
/// try loop.listen(on: ":9999", Factory { DispatcherProtocol(EchoHandler()) })
/// ```
/// All of it is called on the loop. What a method throws goes to ``handleError(_:_:)``.
public protocol Dispatcher {
    /// The connection is there. Python: `handle_connect`, and of a server's client `handle_accepted`.
    mutating func handleConnect(_ channel: DispatcherChannel) throws
    /// Bytes have come: ``DispatcherChannel/receive(upTo:)`` gives them. Asked again as long as some are left.
    mutating func handleRead(_ channel: DispatcherChannel) throws
    /// There is room to send. Asked again as long as ``writable()`` says so.
    mutating func handleWrite(_ channel: DispatcherChannel) throws
    /// Whether ``handleRead(_:)`` is wanted.
    func readable() -> Bool
    /// Whether ``handleWrite(_:)`` is wanted.
    func writable() -> Bool
    /// The connection is gone.
    mutating func handleClose(_ channel: DispatcherChannel)
    /// A method has thrown this. Unless it is implemented the connection is thrown away.
    mutating func handleError(_ error: any Error, _ channel: DispatcherChannel)
}

extension Dispatcher {
    /// Nothing.
    public mutating func handleConnect(_ channel: DispatcherChannel) {}
    /// Nothing.
    public mutating func handleWrite(_ channel: DispatcherChannel) {}
    /// Yes.
    public func readable() -> Bool { true }
    /// No.
    public func writable() -> Bool { false }
    /// Nothing.
    public mutating func handleClose(_ channel: DispatcherChannel) {}
    /// Throws the connection away.
    public mutating func handleError(_ error: any Error, _ channel: DispatcherChannel) {
        channel.transport.end(.failed(error))
    }
}

/// What a ``Dispatcher`` reads from and writes to: the methods of Python's `asyncore.dispatcher`. On the loop alone.
public final class DispatcherChannel: @unchecked Sendable {
    /// The connection.
    public let transport: StreamTransport
    fileprivate let unread = Unread()

    fileprivate init(_ transport: StreamTransport) { self.transport = transport }

    /// The peer's address.
    public var peer: SocketAddress { transport.peer }

    /// Takes what has come; empty when nothing has. Python: `recv`.
    ///
    /// - Precondition: `maximum` is not negative.
    public func receive(upTo maximum: Int) -> [UInt8] { unread.take(min(maximum, unread.bytes.count)) }

    /// Sends bytes, all of them, when they can go. Python: `send`.
    public func send(_ bytes: [UInt8]) { transport.write(bytes) }

    /// Sends text as UTF-8.
    public func send(_ text: String) { transport.write(text) }

    /// Has the dispatcher asked what it wants again: its answers have changed without a call of its own.
    public func poll() { transport.resumeProducing() }

    /// Ends the connection once everything is sent. Python: `close`.
    public func close() { transport.loseConnection() }
}

/// The protocol of a ``Dispatcher``'s connection.
public struct DispatcherProtocol<Handler: Dispatcher>: StreamProtocol {
    private var handler: Handler
    private var channel: DispatcherChannel?

    /// A protocol that asks a dispatcher.
    public init(_ handler: Handler) { self.handler = handler }

    /// Asks ``Dispatcher/handleConnect(_:)``.
    public mutating func connectionMade(_ transport: StreamTransport) {
        let channel = DispatcherChannel(transport)
        self.channel = channel
        attempt { handler throws in try handler.handleConnect(channel) }
        serve()
    }

    /// Asks ``Dispatcher/handleRead(_:)``.
    public mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) {
        channel?.unread.append(data)
        serve()
    }

    /// Asks for what was put off.
    public mutating func readingResumed(_ transport: StreamTransport) { serve() }

    /// Asks ``Dispatcher/handleClose(_:)``.
    public mutating func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) {
        if let channel { handler.handleClose(channel) }
        channel = nil
    }

    private mutating func attempt(_ body: (inout Handler) throws -> Void) {
        guard let channel else { return }
        do { try body(&handler) } catch { handler.handleError(error, channel) }
    }

    /// Asks as long as somebody wants to be asked and it leads on.
    private mutating func serve() {
        guard let channel else { return }
        let transport = channel.transport
        while transport.mayDeliver, !channel.unread.isEmpty, handler.readable() {
            let before = channel.unread.bytes.count
            attempt { handler throws in try handler.handleRead(channel) }
            // Who is told and takes nothing is told again when more has come.
            if channel.unread.bytes.count == before { break }
        }
        if !channel.unread.isEmpty && !handler.readable() { transport.pauseProducing() }
        while transport.mayDeliver, handler.writable() {
            let before = transport.bufferedCount
            attempt { handler throws in try handler.handleWrite(channel) }
            if transport.bufferedCount == before { break }
        }
        if transport.isPaused && handler.readable() { transport.resumeProducing() }
    }
}
