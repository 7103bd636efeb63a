// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// A server for clients on this machine, by a UNIX path: `"unix:/run/app.sock"`.
///
/// A path that a dead server left behind is taken over, one that answers never is, and the path goes with the server.
public final class UnixStreamServer: BaseServer, @unchecked Sendable {
    /// Listens: when this returns clients can connect.
    ///
    /// - Parameters:
    ///   - endpoint: where to listen: `unix:/run/app.sock`, `unix:@abstract`.
    ///   - configuration: what Python has as attributes of the class.
    ///   - concurrency: how several requests are handled at a time.
    ///   - overrides: what is done in place of the defaults.
    ///   - report: hears of requests and of errors.
    ///   - handler: makes a handler; called once for each request, where that is handled.
    /// - Precondition: the maximum of `concurrency` is at least 1.
    /// - Throws: as ``Socket/listening(on:family:backlog:reusesPort:)``; `.invalid` for an IP address; what the
    ///   overrides throw.
    ///
    /// Python: `socketserver.UnixStreamServer`.
    public init<Handler: BaseRequestHandler>(
        on endpoint: some EndpointConvertible, configuration: ServerConfiguration = ServerConfiguration(),
        concurrency: RequestConcurrency = .sequential, overrides: any ServerOverrides = NoOverrides(),
        report: (@Sendable (Server.Event) -> Void)? = nil, handler: @escaping @Sendable () -> Handler
    ) throws(SocketError) where Handler.Request == StreamRequest {
        let settings = ServerSettings(
            configuration: configuration, concurrency: concurrency, overrides: overrides, report: report)
        try super.init(on: endpoint, .stream, families: [.unix], settings, .streams(handler))
    }

    /// The same with asynchronous handlers.
    ///
    /// - Precondition: the maximum of `concurrency` is at least 1.
    /// - Throws: as the other one.
    public init<Handler: AsyncRequestHandler>(
        on endpoint: some EndpointConvertible, configuration: ServerConfiguration = ServerConfiguration(),
        concurrency: RequestConcurrency = .tasks(), overrides: any ServerOverrides = NoOverrides(),
        report: (@Sendable (Server.Event) -> Void)? = nil, handler: @escaping @Sendable () -> Handler
    ) throws(SocketError) where Handler.Request == AsyncStreamRequest {
        let settings = ServerSettings(
            configuration: configuration, concurrency: concurrency, overrides: overrides, report: report)
        try super.init(on: endpoint, .stream, families: [.unix], settings, .streams(handler))
    }
}
