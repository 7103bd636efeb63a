// SPDX-License-Identifier: Apache-2.0
public import Sockets

extension Connection {
    /// The most bytes that a graceful close reads and throws away while it waits for the peer's end.
    static let maximumDiscarded = 1 << 20

    /// Closes in agreement with the peer: ends the sending direction, waits until the peer has ended too, and lets go.
    /// What the peer still sends is thrown away, up to a mebibyte. A connection that is just closed while bytes of the
    /// peer's are unread is reset, and the peer may lose the last answer: this is how a server that refuses makes sure
    /// that it is heard.
    ///
    /// - Parameter limit: the most that the peer may take.
    /// - Throws: `.timedOut` when it takes longer, with the number of bytes that it has not acknowledged, where the
    ///   system tells it; `.broken`; `.cancelled`; `.invalid` for a peer that goes on sending. The connection is closed
    ///   in any case, and thrown away after an error.
    ///
    /// RFC 9293 §3.6; C: `shutdown(2)`.
    public nonisolated(nonsending) func close(within limit: Duration) async throws(SocketError) {
        do throws(SocketError) {
            try await shutdownSending()
            // The peer's end is waited for, drain or not.
            endsWhenDrained = false
            readDeadline = min(readDeadline, loop.timeNow.advanced(by: limit))
            var discarded = 0
            while let received = try await receive() {
                discarded += received.count
                if discarded > Self.maximumDiscarded {
                    throw SocketError(.close, .invalid("the peer goes on sending"), subject: peer.map { "\($0)" })
                }
            }
        } catch {
            let unsent = await unacknowledgedBytes
            abort()
            guard error.reason == .timedOut else { throw error }
            let text = unsent.map { "\($0) bytes were not acknowledged" }
            let subject = [peer.map { "\($0)" }, text].compactMap { $0 }.joined(separator: ": ")
            throw SocketError(.close, .timedOut, subject: subject.isEmpty ? nil : subject)
        }
        close()
    }

    private nonisolated(nonsending) var unacknowledgedBytes: Int? {
        get async {
            try? await loop.run { [transport] () throws(SocketError) in
                try transport.onSocket(nil) { socket throws(SocketError) in try socket.unacknowledgedBytes }
            } ?? nil
        }
    }
}
