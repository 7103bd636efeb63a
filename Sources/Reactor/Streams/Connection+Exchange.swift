// SPDX-License-Identifier: Apache-2.0
import Sockets
package import Wire

extension Connection {
    /// Runs a codec that answers what it reads, such as a proxy's side of SOCKS, until it has a result: what has come
    /// is handed to it, and what it wants to say is sent, also where it ends in a violation. What it leaves stays
    /// unread.
    ///
    /// - Parameter name: what a stream that ends in the middle is told to have ended in.
    /// - Returns: the result; nil where the stream ends with nothing unread.
    /// - Throws: ``FrameError/framing(_:)`` for a violation, and `.truncated` where the stream ends within a message;
    ///   ``FrameError/connection(_:)`` as ``receive()`` and ``send(_:)-(RawSpan)``.
    /// - Precondition: it is called on the connection's loop.
    package nonisolated(nonsending) func exchange<Value>(
        _ name: String,
        _ codec: (_ input: inout ByteBuffer, _ output: inout ByteBuffer) throws(FramingError) -> Value?
    ) async throws(FrameError) -> Value? {
        precondition(loop.isCurrent, "a codec works on its connection's loop")
        while true {
            var output = ByteBuffer()
            let step: Result<Value?, FramingError>
            do throws(FramingError) {
                step = .success(try unread.hand { input throws(FramingError) in try codec(&input, &output) })
            } catch {
                step = .failure(error)
            }
            try await answer(output)
            do throws(FramingError) {
                if let value = try step.get() { return value }
            } catch {
                throw .framing(error)
            }
            if try await waitForMore() { continue }
            if !hasUnread { return nil }
            throw .framing(FramingError(name, .truncated(have: unread.bytes.count, of: nil)))
        }
    }

    private nonisolated(nonsending) func answer(_ output: borrowing ByteBuffer) async throws(FrameError) {
        if output.isEmpty { return }
        do throws(SocketError) { try await send(output.bytes) } catch { throw .connection(error) }
    }

    // Never inlined: the release optimiser would make a loop of a part of the function that calls this, and then break
    // off over the part's debug information (Swift 6.3).
    @inline(never)
    private nonisolated(nonsending) func waitForMore() async throws(FrameError) -> Bool {
        do throws(SocketError) {
            try checkNobodyReads()
            return try await fill()
        } catch {
            throw .connection(error)
        }
    }
}
