// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// A server for datagrams by UDP.
///
/// ```swift
/// struct Shout: DatagramRequestHandler {
///     func handle(_ request: DatagramRequest) throws {
///         try request.writer.write(String(decoding: request.packet, as: UTF8.self).uppercased())
///     }
/// }
/// try UDPServer(on: ":9999", handler: Shout.init).serveForever()
/// ```
public final class UDPServer: BaseServer, @unchecked Sendable {
    /// Takes its address: when this returns datagrams arrive.
    ///
    /// - Parameters:
    ///   - endpoint: its address: `":9999"` or `"udp://:9999"` is loopback.
    ///   - configuration: what Python has as attributes of the class.
    ///   - concurrency: how several requests are handled at a time.
    ///   - overrides: what is done in place of the defaults.
    ///   - report: hears of requests and of errors.
    ///   - handler: makes a handler; called once for each request, where that is handled.
    /// - Precondition: the maximum of `concurrency` is at least 1.
    /// - Throws: as ``Socket/bound(to:family:)``; `.invalid` for a UNIX path, and for a negative reply limit; what the
    ///   overrides throw.
    ///
    /// Python: `socketserver.UDPServer`.
    public init<Handler: BaseRequestHandler>(
        on endpoint: some EndpointConvertible, configuration: ServerConfiguration = ServerConfiguration(),
        concurrency: RequestConcurrency = .sequential, overrides: any ServerOverrides = NoOverrides(),
        report: (@Sendable (Server.Event) -> Void)? = nil, handler: @escaping @Sendable () -> Handler
    ) throws(SocketError) where Handler.Request == DatagramRequest {
        let settings = ServerSettings(
            configuration: configuration, concurrency: concurrency, overrides: overrides, report: report)
        try super.init(on: endpoint, .datagram, families: [.ipv4, .ipv6], settings, .datagrams(handler))
    }

    /// The same with asynchronous handlers.
    ///
    /// - Precondition: the maximum of `concurrency` is at least 1.
    /// - Throws: as the other one.
    public init<Handler: AsyncRequestHandler>(
        on endpoint: some EndpointConvertible, configuration: ServerConfiguration = ServerConfiguration(),
        concurrency: RequestConcurrency = .tasks(), overrides: any ServerOverrides = NoOverrides(),
        report: (@Sendable (Server.Event) -> Void)? = nil, handler: @escaping @Sendable () -> Handler
    ) throws(SocketError) where Handler.Request == AsyncDatagramRequest {
        let settings = ServerSettings(
            configuration: configuration, concurrency: concurrency, overrides: overrides, report: report)
        try super.init(on: endpoint, .datagram, families: [.ipv4, .ipv6], settings, .datagrams(handler))
    }
}
