// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// A server for datagrams on this machine, by a UNIX path: `"unix-dgram:/run/log"`.
///
/// A path that a dead server left behind is taken over, one that answers never is, and the path goes with the server. A
/// client that wants an answer binds a path of its own.
///
/// An answer to a client that does not read waits at most ``ServerConfiguration/replyLimit``, then it is lost. But what
/// a client has not read yet takes up room in the server's own send buffer, which all clients share: one that is
/// connected to the server, or has a long queue (`net.unix.max_dgram_qlen`), can fill it. Then every answer to anybody
/// is lost until that client reads or goes, while requests still come and the server can be ended. That is the system's
/// way; a larger ``SocketOption/sendBuffer`` puts it off.
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
    /// - Throws: as ``Socket/bound(to:family:)``; `.invalid` for an IP address, and for a negative reply limit; what
    ///   the overrides throw.
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
