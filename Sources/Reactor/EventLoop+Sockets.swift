// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Sockets of one's own on a loop, one operation at a time, whatever their time limit. Python: `loop.sock_recv`,
/// `sock_sendall`, `sock_accept`. What needs no socket of its own is shorter and faster as a ``Connection``.
extension EventLoop {
    /// Waits for bytes.
    ///
    /// - Returns: at least 1 byte, at most `maximum` (of a datagram, 0 too); nil for the end of the stream.
    /// - Throws: `.invalid` for a maximum below 1; as ``Socket/receiveNow(into:)`` and ``waitUntilReadable(_:until:)``.
    public nonisolated(nonsending) func receive(
        upTo maximum: Int, from socket: borrowing Socket
    ) async throws(SocketError) -> [UInt8]? {
        if maximum < 1 { throw SocketError(.receive, .invalid("at most \(maximum) bytes can't be received")) }
        while true {
            var attempt = TransferAttempt.wouldBlock
            let bytes = try [UInt8].filled(capacity: min(maximum, BufferPool.bufferSize)) {
                output throws(SocketError) in
                attempt = try socket.receiveNow(into: &output)
            }
            switch attempt {
            case .moved: return bytes
            case .ended: return nil
            case .wouldBlock: try await waitUntilReadable(socket.descriptor)
            }
        }
    }

    /// Sends every byte.
    ///
    /// - Throws: as ``Socket/sendNow(_:)`` and ``waitUntilWritable(_:until:)``; some of the bytes may have been sent.
    public nonisolated(nonsending) func send(_ bytes: [UInt8], to socket: borrowing Socket) async throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            switch try socket.sendNow(unsafe bytes.span.bytes.extracting(droppingFirst: sent)) {
            case .moved(let count): sent += count
            case .ended, .wouldBlock: try await waitUntilWritable(socket.descriptor)
            }
        }
    }

    /// Waits for a client.
    ///
    /// - Precondition: the listener's time limit is `.zero`, or a client that goes in time would hold the loop.
    /// - Throws: as ``Socket/accept()`` and ``waitUntilReadable(_:until:)``.
    public nonisolated(nonsending) func accept(from listener: borrowing Socket) async throws(SocketError) -> Socket {
        precondition(listener.timeLimit == .zero, "a listener on a loop must not block: setTimeLimit(.zero)")
        while true {
            do throws(SocketError) { return try listener.accept() } catch {
                if error.reason != .wouldBlock { throw error }
            }
            try await waitUntilReadable(listener.descriptor)
        }
    }

    /// Connects. The socket's time limit is `.zero` from then on.
    ///
    /// - Throws: as ``Socket/connectNow(to:)`` and ``waitUntilWritable(_:until:)``; the socket is of no use then.
    public nonisolated(nonsending) func connect(
        _ socket: inout Socket, to address: SocketAddress
    ) async throws(SocketError) {
        if try socket.connectNow(to: address) { return }
        try await waitUntilWritable(socket.descriptor)
        if let error = try socket.takePendingError() {
            throw SocketError(.connect, error: error, subject: "\(address)")
        }
    }
}
