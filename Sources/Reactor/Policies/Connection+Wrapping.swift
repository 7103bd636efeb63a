// SPDX-License-Identifier: Apache-2.0
public import Sockets

extension Connection {
    /// The same connection by way of a transport around its own: what every policy is made of, and a place for one's
    /// own. Twisted: `ProtocolWrapper`.
    ///
    /// ```swift
    /// let slow = try await connection.throttled(sending: Throttle(bytesPerSecond: 64_000)).logged(to: log)
    /// ```
    /// What was read ahead, the deadlines and the task that serves the connection go over to the new one. The old one
    /// stays what its server or client knows: closing it closes the new one, and so do its drain and its cancellation.
    /// To send or receive by it from then on goes past the policy. Whoever waits on it at this moment goes on there.
    ///
    /// - Parameter wrap: called once, on the loop, with the transport to be around.
    /// - Throws: `.busy` while another task waits for the rest of a line or frame; `.cancelled`.
    public nonisolated(nonsending) func wrapped(
        by wrap: @Sendable (any Transport) -> any Transport
    ) async throws(SocketError) -> Connection {
        try await loop.run { [self] () throws(SocketError) in
            if hasUnread { try checkNobodyReads() }
            return Connection(succeeding: self, wrap(transport))
        }
    }

    /// The same connection, with a limit to how long it may be idle, and to how long it may last from now on. Waits
    /// that take longer end with `.timedOut`. Limits that are there already are not made longer.
    ///
    /// - Parameters:
    ///   - idle: how long the peer may be silent (``idleLimit``).
    ///   - total: how long all of it may take (``readDeadline``, ``writeDeadline``).
    ///
    /// Twisted: `TimeoutMixin`, `TimeoutFactory`.
    @discardableResult
    public func limited(idle: Duration? = nil, total: Duration? = nil) -> Connection {
        if let idle { idleLimit = min(idle, idleLimit ?? idle) }
        if let total {
            let end = loop.timeNow.advanced(by: total)
            readDeadline = min(readDeadline, end)
            writeDeadline = min(writeDeadline, end)
        }
        return self
    }
}
