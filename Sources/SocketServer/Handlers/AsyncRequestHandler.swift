// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// What a server makes one of for each request; calls wait without blocking.
///
/// With ``RequestConcurrency/tasks(maximum:)`` all handlers share one loop; otherwise each request has one of its own
/// for as long as it takes, on the thread or in the process that handles it.
public protocol AsyncRequestHandler: SendableMetatype {
    /// What it handles: ``AsyncStreamRequest`` or ``AsyncDatagramRequest``.
    associatedtype Request: Sendable

    /// Comes first. If it throws, nothing else is called.
    mutating func setup(_ request: Request) async throws

    /// Does the work.
    mutating func handle(_ request: Request) async throws

    /// Comes last, even after ``handle(_:)`` has thrown.
    mutating func finish(_ request: Request) async throws
}

extension AsyncRequestHandler {
    /// Does nothing.
    public mutating func setup(_ request: Request) async throws {}

    /// Does nothing.
    public mutating func finish(_ request: Request) async throws {}

    /// The three in their order.
    mutating func run(_ request: Request) async throws {
        try await setup(request)
        do { try await handle(request) } catch {
            // The first error is the one that tells what went wrong.
            try? await finish(request)
            throw error
        }
        try await finish(request)
    }
}

/// A handler for clients of a stream server, on a ``Connection``.
///
/// ```swift
/// struct Echo: AsyncStreamRequestHandler {
///     func handle(_ request: AsyncStreamRequest) async throws { try await request.connection.echo() }
/// }
/// ```
public protocol AsyncStreamRequestHandler: AsyncRequestHandler where Request == AsyncStreamRequest {}

/// A client of a stream server, as an asynchronous handler has it.
public struct AsyncStreamRequest: Sendable {
    /// The connection; it is closed when the handler has ended.
    public let connection: Connection

    /// The server that it came to; a handler may ``BaseServer/shutdown()`` it.
    public let server: BaseServer

    /// Who the client is.
    public var clientAddress: SocketAddress? { connection.peer }
}

/// A handler for datagrams that may wait for something before it answers.
public protocol AsyncDatagramRequestHandler: AsyncRequestHandler where Request == AsyncDatagramRequest {}

/// A datagram, as an asynchronous handler has it.
public struct AsyncDatagramRequest: Sendable {
    private let request: IncomingRequest
    private let datagram: ReceivedMessage
    private let socket: SharedSocket

    /// The server that it came to.
    public let server: BaseServer

    /// What it says; may be empty.
    public var packet: [UInt8] { datagram.bytes }

    /// Whether it was longer than the server takes (``ServerConfiguration/maximumPacketSize``), and its rest is lost.
    public var isTruncated: Bool { datagram.isTruncated }

    /// Who sent it; nil, or unnamed, for one that can't be answered.
    public var clientAddress: SocketAddress? { datagram.sender }

    init(_ request: IncomingRequest, _ datagram: ReceivedMessage, by socket: SharedSocket, of server: BaseServer) {
        self.request = request
        self.datagram = datagram
        self.socket = socket
        self.server = server
    }

    /// Answers with one datagram, once there is room for it: a UNIX client that does not read has none.
    ///
    /// - Throws: as ``DatagramRequest/reply(_:)``; `.cancelled`; `.wouldBlock` outside of a loop.
    public func reply(_ bytes: some Collection<UInt8> & Sendable) async throws(SocketError) {
        var answer = try DatagramAnswer(to: request, by: socket, server.configuration)
        let bytes = Array(bytes)
        while let pause = try answer.send(bytes) {
            guard let loop = EventLoop.running else { throw answer.wouldBlock }
            try await loop.sleep(for: pause)
        }
    }
}
