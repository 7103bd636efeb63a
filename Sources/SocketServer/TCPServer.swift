// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// A server for clients by TCP.
///
/// ```swift
/// struct Greeter: StreamRequestHandler {
///     func handle(_ request: StreamRequest) throws {
///         print("Got connection from", request.clientAddress ?? "somebody")
///         try request.writer.write("Thank you for connecting\r\n")
///     }
/// }
/// try TCPServer(on: ":1234", concurrency: .threads(maximum: 64), handler: Greeter.init).serveForever()
/// ```
public final class TCPServer: BaseServer, @unchecked Sendable {
    /// Listens: when this returns clients can connect.
    ///
    /// - Parameters:
    ///   - endpoint: where to listen: `":1234"` is loopback, `.public(1234)` every interface; `fd:3` and `systemd:name`
    ///     too.
    ///   - configuration: what Python has as attributes of the class.
    ///   - concurrency: how several requests are handled at a time.
    ///   - overrides: what is done in place of the defaults.
    ///   - report: hears of requests and of errors.
    ///   - handler: makes a handler; called once for each request, where that is handled.
    /// - Precondition: the maximum of `concurrency` is at least 1.
    /// - Throws: as ``Socket/listening(on:family:backlog:reusesPort:)``; `.invalid` for a UNIX path; what the overrides
    ///   throw.
    ///
    /// Python: `socketserver.TCPServer`.
    public init<Handler: BaseRequestHandler>(
        on endpoint: some EndpointConvertible, configuration: ServerConfiguration = ServerConfiguration(),
        concurrency: RequestConcurrency = .sequential, overrides: any ServerOverrides = NoOverrides(),
        report: (@Sendable (Server.Event) -> Void)? = nil, handler: @escaping @Sendable () -> Handler
    ) throws(SocketError) where Handler.Request == StreamRequest {
        let settings = ServerSettings(
            configuration: configuration, concurrency: concurrency, overrides: overrides, report: report)
        try super.init(on: endpoint, .stream, families: [.ipv4, .ipv6], settings, .streams(handler))
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
        try super.init(on: endpoint, .stream, families: [.ipv4, .ipv6], settings, .streams(handler))
    }
}
