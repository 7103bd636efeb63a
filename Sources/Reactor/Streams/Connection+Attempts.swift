// SPDX-License-Identifier: Apache-2.0
package import Sockets

/// Sending without waiting, for who keeps what does not fit in a queue of its own. On the connection's loop only; one
/// sender at a time, as for every other way to send.
extension Connection {
    /// Sends what fits now.
    ///
    /// - Returns: how many bytes went; 0 when it has to wait (``waitToSend()``).
    /// - Throws: `.broken`, `.closed`, `.cancelled`, `.busy`.
    @inline(__always)
    package func sendNow(_ bytes: RawSpan) throws(SocketError) -> Int {
        if case .moved(let count) = try transport.sendNow(bytes) { count } else { 0 }
    }

    /// Waits until ``sendNow(_:)`` may take something, as ``send(_:)-(RawSpan)`` does.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    package nonisolated(nonsending) func waitToSend() async throws(SocketError) { try await waitUntilWritable() }
}
