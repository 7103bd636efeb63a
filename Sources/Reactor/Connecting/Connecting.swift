// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Connects, runs `body`, and closes.
///
/// ```swift
/// let answer = try await withConnection(to: "localhost:9999", timeout: .seconds(5)) { connection in
///     try await connection.send("hi\r\n")
///     return try await connection.receive(upTo: 100)
/// }
/// ```
/// Of a name's addresses the first that answers is taken, and if none does every failure is told: ``Connector`` has the
/// rules, and more settings.
///
/// - Parameters:
///   - timeout: the most that looking up and connecting may take together.
///   - source: the local address to connect from.
///   - loop: the loop to connect on; the task's own, else one of the process's.
/// - Throws: `.address`, `.unresolved`, `.timedOut`, `.cancelled`, ``SocketError/isConnectionRefused``, …; what `body`
///   throws.
public nonisolated(nonsending) func withConnection<Result: Sendable>(
    to endpoint: some EndpointConvertible, timeout: Duration = .seconds(10), from source: SocketAddress? = nil,
    on loop: EventLoop? = nil, _ body: @Sendable (Connection) async throws -> Result
) async throws -> Result {
    try await Connector(timeout: timeout, from: source).withConnection(to: endpoint, on: loop, body)
}

extension Connector {
    /// Connects, runs `body`, and closes.
    ///
    /// - Throws: as ``connect(to:on:)``; what `body` throws.
    public nonisolated(nonsending) func withConnection<Result: Sendable>(
        to endpoint: some EndpointConvertible, on loop: EventLoop? = nil,
        _ body: @Sendable (Connection) async throws -> Result
    ) async throws -> Result {
        let loop = try EventLoop.forCaller(loop, .connect)
        return try await withTaskExecutorPreference(loop) {
            let connection = try await connect(to: endpoint, on: loop)
            defer { connection.close() }
            return try await withOwnership(of: connection) { try await body(connection) }
        }
    }
}
