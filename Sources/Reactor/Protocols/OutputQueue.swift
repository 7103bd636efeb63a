// SPDX-License-Identifier: Apache-2.0
import Sockets
import Wire

/// What was written and not yet sent. A connection has one only while it has something in it: the loop keeps those
/// that are empty for whoever writes next.
final class OutputQueue {
    private var buffer = ByteBuffer()

    var count: Int { buffer.count }
    @inline(__always)
    var isEmpty: Bool { buffer.isEmpty }

    @inline(__always)
    func append(_ bytes: RawSpan) { buffer.append(bytes) }

    /// One attempt to send what is here, or its first `maximum` bytes.
    @inline(__always)
    func send(on transport: any Transport, atMost maximum: Int = .max) throws(SocketError) -> TransferAttempt {
        let attempt = try buffer.offer(maximum, to: transport)
        if case .moved(let count) = attempt { buffer.consume(count) }
        return attempt
    }

    /// Throws away what is here.
    func removeAll() { buffer.removeAll() }
}

/// A span of a class's property can't leave the access to it: this is one access.
extension ByteBuffer {
    @inline(__always)
    fileprivate borrowing func offer(
        _ maximum: Int, to transport: any Transport
    ) throws(SocketError) -> TransferAttempt {
        try transport.sendNow(bytes.extracting(first: maximum))
    }
}
