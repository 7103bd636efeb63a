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
/// A name's addresses are tried one after the other, and every failure is told. Names are looked up by the system's
/// resolver on a thread of its own.
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
    let loop = loop ?? EventLoop.running ?? EventLoopGroup.shared.next()
    return try await withTaskExecutorPreference(loop) {
        let connection = try await Connection.connecting(to: endpoint, within: timeout, from: source, on: loop)
        defer { connection.close() }
        return try await withOwnership(of: connection) { try await body(connection) }
    }
}

extension Connection {
    /// Connects, trying a name's addresses in turn. Called on the loop.
    static nonisolated(nonsending) func connecting(
        to endpoint: some EndpointConvertible, within limit: Duration, from source: SocketAddress?, on loop: EventLoop
    ) async throws(SocketError) -> Connection {
        let start = loop.world.now()
        let deadline = Deadline.earliest(start.advanced(by: limit))
        let addresses = try await AddressLookup.addresses(of: endpoint, until: deadline, on: loop)
        var attempts: [SocketError.Attempt] = []
        for address in addresses {
            let begun = start.duration(to: loop.world.now())
            do throws(SocketError) {
                return try await connecting(to: address, until: deadline, from: source, on: loop)
            } catch {
                if error.reason == .cancelled || loop.world.now() >= deadline { throw error }
                attempts.append(.init(address: address, started: begun, reason: error.reason))
            }
        }
        throw SocketError(
            .connect, attempts.last?.reason ?? .invalid("there is no address to connect to"), subject: "\(endpoint)",
            attempts: attempts.count > 1 ? attempts : [])
    }

    private static nonisolated(nonsending) func connecting(
        to address: SocketAddress, until deadline: LoopInstant, from source: SocketAddress?, on loop: EventLoop
    ) async throws(SocketError) -> Connection {
        let transport = try loop.driver.connect(to: address, from: source)
        do throws(SocketError) {
            try await transport.waitToConnect()?.wait(.connect, until: deadline)
            try transport.finishConnecting()
        } catch {
            transport.close()
            throw SocketError(.connect, error.reason, subject: "\(address)")
        }
        return Connection(transport)
    }
}
