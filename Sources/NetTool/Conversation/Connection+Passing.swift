// SPDX-License-Identifier: Apache-2.0
//
// Facts:    whoever waits until one side takes more does not hear what becomes of the other one; and a side that never
//           takes more can be waited for as long as one likes.
// Decision: the other side is looked at now and then. Only a break counts: a side that has just ended has its bytes
//           delivered, however long that takes.
import Reactor
import Sockets

extension Connection {
    /// From one look at the source to the next.
    private static let lookInterval = Duration.seconds(1)

    /// Sends every byte of what a source has said, unless the source breaks off before they are taken. Called on the
    /// loop, as everything on both.
    ///
    /// - Parameter deadline: until when one piece may wait to be taken.
    /// - Returns: false where the source has broken off.
    /// - Throws: as ``send(_:)-(RawSpan)``.
    nonisolated(nonsending) func send(
        _ bytes: RawSpan, saidBy source: Connection, until deadline: LoopInstant = .never
    ) async throws(SocketError) -> Bool {
        var sent = 0
        while sent < bytes.byteCount {
            writeDeadline = min(deadline, loop.timeNow.advanced(by: Self.lookInterval))
            do throws(SocketError) { sent += try await sendSome(bytes.extracting(droppingFirst: sent)) } catch {
                guard error.reason == .timedOut, loop.timeNow < deadline else { throw error }
                if source.isBroken { return false }
            }
        }
        return true
    }
}
