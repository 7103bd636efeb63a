// SPDX-License-Identifier: Apache-2.0
public import Sockets
public import SystemPackage

/// What only a connection can do that a socket of the system's carries: all of it throws `.unsupported` for others.
extension Connection {
    /// Reads a socket option.
    ///
    /// - Throws: `.closed`, `.cancelled`; as ``Socket/subscript(_:)``.
    ///
    /// C: `getsockopt(2)`. Python: `get_extra_info("socket")`.
    public nonisolated(nonsending) func option<Value: Sendable>(
        _ option: SocketOption<Value>
    ) async throws(SocketError) -> Value {
        try await onSocket { socket throws(SocketError) in try socket[option] }
    }

    /// Changes a socket option.
    ///
    /// - Throws: `.closed`, `.cancelled`; as ``Socket/set(_:to:)``.
    ///
    /// C: `setsockopt(2)`.
    public nonisolated(nonsending) func set<Value: Sendable>(
        _ option: SocketOption<Value>, to value: Value
    ) async throws(SocketError) {
        try await onSocket { socket throws(SocketError) in try socket.set(option, to: value) }
    }

    /// Sends descriptors over a UNIX connection, with a few bytes to go with them, at least 1. The peer gets
    /// descriptors of its own; the caller's stay open and the caller's.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``; `.invalid` for more than ``Socket/maximumDescriptors`` or for no bytes.
    ///
    /// C: `sendmsg(2)` with `SCM_RIGHTS`. Twisted: `sendFileDescriptor`.
    public nonisolated(nonsending) func send(
        descriptors: [FileDescriptor], with bytes: [UInt8] = [0]
    ) async throws(SocketError) {
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in
                try await send(descriptors: descriptors, with: bytes)
            })
        }
        while true {
            let sent = try transport.onSocket(.sending) { socket throws(SocketError) in
                try socket.sendMessage([bytes], descriptors: descriptors)
            }
            if let sent {
                transport.noteMoved(sent, .sending)
                return try await send(unsafe bytes.span.bytes.extracting(droppingFirst: sent))
            }
            try await waitUntilWritable()
        }
    }

    /// Waits for a message with descriptors. Those in it that nobody takes are closed with it: none can leak.
    ///
    /// - Parameters:
    ///   - maximum: how many descriptors at most; of more, all are closed.
    ///   - room: how many bytes at most.
    /// - Returns: what came, perhaps without a descriptor; nil for the end of the stream.
    /// - Throws: as ``receive()``; `.ancillaryTruncated` for more descriptors than wanted.
    ///
    /// C: `recvmsg(2)` with `SCM_RIGHTS`.
    public nonisolated(nonsending) func receiveDescriptors(
        upTo maximum: Int, bytesUpTo room: Int = 1024
    ) async throws(SocketError) -> Message? {
        if !loop.isCurrent {
            let box = try await loop.run(async: { [self] () async throws(SocketError) in
                MessageBox(try await receiveDescriptors(upTo: maximum, bytesUpTo: room))
            })
            return box.take()
        }
        if hasUnread {
            let text = "bytes that were read ahead come before: take them first (takeUnread)"
            throw SocketError(.receive, .invalid(text), subject: peer.map { "\($0)" })
        }
        while true {
            guard try await waitUntilReadable() else { return nil }
            let message = try transport.onSocket(.receiving) { socket throws(SocketError) in
                MessageBox(try socket.receiveDescriptors(upTo: maximum, bytesUpTo: room))
            }
            if let message {
                transport.noteMoved(message.byteCount, .receiving)
                return message.take()
            }
        }
    }

    /// Whether the peer has broken off and the next attempt will say so; asking does not take that away. False where no
    /// socket carries the bytes. Called on the loop.
    ///
    /// C: `poll(2)`, `POLLERR`.
    package var isBroken: Bool {
        let events = try? transport.onSocket(nil) { socket throws(SocketError) -> Poll.Events in
            var poll = Poll()
            // An end is reported too, and is no break.
            poll.register(socket, for: [])
            do throws(SelectorError) { return try poll.wait(timeout: .zero).first?.events ?? [] } catch {
                throw SocketError(error)
            }
        }
        return events?.contains(.error) == true
    }

    private nonisolated(nonsending) func onSocket<Result: Sendable>(
        _ body: @Sendable (borrowing Socket) throws(SocketError) -> Result
    ) async throws(SocketError) -> Result {
        let result = try await loop.run { [transport] () throws(SocketError) in try transport.onSocket(nil, body) }
        guard let result else { throw SocketError(.wait, .wouldBlock, subject: peer.map { "\($0)" }) }
        return result
    }
}

/// Carries a message that can't be copied through a task.
private final class MessageBox: @unchecked Sendable {
    private var message: Message?
    let byteCount: Int

    init(_ message: consuming Message?) {
        byteCount = message?.bytes.count ?? 0
        self.message = consume message
    }

    func take() -> Message? {
        var taken: Message?
        swap(&taken, &message)
        return taken
    }
}
