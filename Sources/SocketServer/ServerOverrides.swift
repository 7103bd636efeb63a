// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// The points at which a server does what you say in place of what it would: Python's methods to override.
///
/// ```swift
/// struct LocalOnly: ServerOverrides {
///     func verifyRequest(_ request: IncomingRequest, _ server: BaseServer) -> Bool {
///         request.clientAddress?.ip?.isLoopback ?? false
///     }
/// }
/// let server = try TCPServer(on: ":1234", overrides: LocalOnly(), handler: Greeter.init)
/// ```
/// Each has a default, which calls the server's own method; whoever overrides one calls that where Python calls
/// `super()`. They are called on the thread that serves, but those of a request that is being handled
/// (``finishRequest(_:_:)``, ``handleError(_:_:_:)``, ``shutdownRequest(_:_:)``, ``closeRequest(_:_:)``) where it is
/// handled: on its thread, or in its process.
///
/// Python: the methods of `socketserver.BaseServer`.
public protocol ServerOverrides: Sendable {
    /// Sees the socket before it gets its address: the place for options.
    func serverBind(_ socket: borrowing Socket) throws(SocketError)

    /// Sees the socket when it has its address, and listens.
    func serverActivate(_ socket: borrowing Socket) throws(SocketError)

    /// Takes a request; nil if none is there after all. Must not wait.
    ///
    /// - Throws: a shortage (``SocketError/isOutOfResources``) makes the server pause; any other error is reported.
    func getRequest(_ server: BaseServer) throws(SocketError) -> IncomingRequest?

    /// Whether to handle a request; one that is not is shut down.
    func verifyRequest(_ request: IncomingRequest, _ server: BaseServer) -> Bool

    /// Has a request handled by the server's ``RequestConcurrency``. What it throws is told to
    /// ``handleError(_:_:_:)``, and the request is shut down.
    func processRequest(_ request: IncomingRequest, _ server: BaseServer) throws

    /// Makes a handler for a request and lets it do its work.
    func finishRequest(_ request: IncomingRequest, _ server: BaseServer) throws

    /// The same for a server with an ``AsyncRequestHandler``; on a loop.
    func finishAsyncRequest(_ request: IncomingRequest, _ server: BaseServer) async throws

    /// Ends a request that was handled.
    func shutdownRequest(_ request: IncomingRequest, _ server: BaseServer)

    /// Lets go of a request in this process.
    func closeRequest(_ request: IncomingRequest, _ server: BaseServer)

    /// Hears what a handler, or the start of one, threw. The server goes on.
    func handleError(_ error: any Error, _ request: IncomingRequest?, _ server: BaseServer)

    /// Hears that ``BaseServer/handleRequest(within:)`` got no request in time.
    func handleTimeout(_ server: BaseServer)

    /// Called again and again while the server serves: after each request, and at least each poll interval.
    func serviceActions(_ server: BaseServer)
}

extension ServerOverrides {
    /// Does nothing.
    public func serverBind(_ socket: borrowing Socket) throws(SocketError) {}

    /// Does nothing.
    public func serverActivate(_ socket: borrowing Socket) throws(SocketError) {}

    /// ``BaseServer/nextRequest()``.
    public func getRequest(_ server: BaseServer) throws(SocketError) -> IncomingRequest? { try server.nextRequest() }

    /// True.
    public func verifyRequest(_ request: IncomingRequest, _ server: BaseServer) -> Bool { true }

    /// ``BaseServer/process(_:)``.
    public func processRequest(_ request: IncomingRequest, _ server: BaseServer) throws { try server.process(request) }

    /// ``BaseServer/finish(_:)``.
    public func finishRequest(_ request: IncomingRequest, _ server: BaseServer) throws { try server.finish(request) }

    /// ``BaseServer/finishAsync(_:)``.
    public func finishAsyncRequest(_ request: IncomingRequest, _ server: BaseServer) async throws {
        try await server.finishAsync(request)
    }

    /// ``BaseServer/shutDown(_:)``.
    public func shutdownRequest(_ request: IncomingRequest, _ server: BaseServer) { server.shutDown(request) }

    /// ``BaseServer/close(_:)``.
    public func closeRequest(_ request: IncomingRequest, _ server: BaseServer) { server.close(request) }

    /// ``BaseServer/note(_:of:)``: the server's report. Python writes to standard error, which a library does not.
    public func handleError(_ error: any Error, _ request: IncomingRequest?, _ server: BaseServer) {
        server.note(error, of: request)
    }

    /// Does nothing.
    public func handleTimeout(_ server: BaseServer) {}

    /// Does nothing.
    public func serviceActions(_ server: BaseServer) {}
}

/// Nothing is overridden.
public struct NoOverrides: ServerOverrides {
    /// Every default.
    public init() {}
}
