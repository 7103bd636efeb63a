// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// A server for datagrams on this machine, by a UNIX path: `"unix-dgram:/run/log"`.
///
/// A path that a dead server left behind is taken over, one that answers never is, and the path goes with the server. A
/// client that wants an answer binds a path of its own.
public final class UnixDatagramServer: BaseServer, @unchecked Sendable {
    /// Takes its address: when this returns datagrams arrive.
    ///
    /// - Parameters:
    ///   - endpoint: its path: `unix-dgram:/run/log` or `unix:/run/log`.
    ///   - configuration: what Python has as attributes of the class.
    ///   - concurrency: how several requests are handled at a time.
    ///   - overrides: what is done in place of the defaults.
    ///   - report: hears of requests and of errors.
    ///   - handler: makes a handler; called once for each request, where that is handled.
    /// - Precondition: the maximum of `concurrency` is at least 1.
    /// - Throws: as ``Socket/bound(to:family:)``; `.invalid` for an IP address; what the overrides throw.
    ///
    /// Python: `socketserver.UnixDatagramServer`.
    public init<Handler: BaseRequestHandler>(
        on endpoint: some EndpointConvertible, configuration: ServerConfiguration = ServerConfiguration(),
        concurrency: RequestConcurrency = .sequential, overrides: any ServerOverrides = NoOverrides(),
        report: (@Sendable (Server.Event) -> Void)? = nil, handler: @escaping @Sendable () -> Handler
    ) throws(SocketError) where Handler.Request == DatagramRequest {
        let settings = ServerSettings(
            configuration: configuration, concurrency: concurrency, overrides: overrides, report: report)
        try super.init(on: endpoint, .datagram, families: [.unix], settings, .datagrams(handler))
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
        try super.init(on: endpoint, .datagram, families: [.unix], settings, .datagrams(handler))
    }
}
