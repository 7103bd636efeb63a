// SPDX-License-Identifier: Apache-2.0
public import Logging
public import Sockets

/// Listens and serves until the task is cancelled: ``Server`` in one call.
///
/// ```swift
/// try await serve(on: ":7") { connection in try await connection.echo() }
/// ```
/// It is structured: it returns when the last handler has ended.
///
/// - Parameters:
///   - maximumConnections: how many are served at a time; further ones wait in the system's queue.
///   - reusesPort: as in ``Server/init(on:limits:reusesPort:loop:logger:metrics:report:handler:)``.
///   - logger: where the server's news is written: the table is in ``Server``'s documentation.
///   - metrics: where it is counted.
///   - report: what else to do with it.
/// - Throws: as ``Server/init(on:limits:reusesPort:loop:logger:metrics:report:handler:)`` and ``Server/run()``.
public func serve(
    on endpoints: any EndpointConvertible..., maximumConnections: Int = 10_000, reusesPort: Bool = false,
    logger: Logger? = nil, metrics: ServerMetrics? = nil, report: (@Sendable (Server.Event) -> Void)? = nil,
    handler: @escaping Server.Handler
) async throws(SocketError) {
    var limits = Server.Limits()
    limits.connections = maximumConnections
    let server = try await Server(
        endpoints: endpoints, limits: limits, reusesPort: reusesPort, loop: nil, logger: logger, metrics: metrics,
        report: report, handler: handler)
    try await server.run()
}
