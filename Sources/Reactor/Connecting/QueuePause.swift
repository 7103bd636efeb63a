// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a UNIX listener whose queue is full says so at once (EAGAIN), and no selector tells when there is room.
// Decision: it is asked again, after waits that grow. Whatever ends them is told of the connection that did not come.
import Sockets

/// The waits of one attempt to connect to a UNIX listener that has no room.
struct QueuePause {
    private static let longest = Duration.milliseconds(50)
    private var next = Duration.milliseconds(1)

    /// Waits before the listener is asked again.
    ///
    /// - Throws: `.cancelled`, `.timedOut`.
    mutating nonisolated(nonsending) func wait(
        until deadline: LoopInstant, on loop: EventLoop, _ subject: String
    ) async throws(SocketError) {
        let left = loop.world.now().duration(to: deadline)
        if left == .zero { throw SocketError(.connect, .timedOut, subject: subject) }
        do throws(SocketError) { try await loop.sleep(for: min(next, left)) } catch {
            throw SocketError(.connect, error.reason, subject: subject)
        }
        next = min(next * 2, Self.longest)
    }
}
