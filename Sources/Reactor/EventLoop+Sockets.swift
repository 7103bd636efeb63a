// SPDX-License-Identifier: Apache-2.0
//
// Facts:    an operation that never has to wait never lets anybody else on its loop have a turn; a socket of the
//           caller's has no transport that could count (Drivers/Stint.swift).
// Decision: the loop counts for all of them together. After so many operations on its thread that did not wait the next
//           one first waits for a turn of the loop, which heeds cancellation and deadlines as every wait does.
public import Sockets
public import SystemPackage

/// Sockets of one's own on a loop, one operation at a time, whatever their time limit. Python: `loop.sock_recv`,
/// `sock_recv_into`, `sock_sendall`, `sock_recvfrom`, `sock_sendto`, `sock_accept`, `sock_connect`, `sock_sendfile`.
/// What needs no socket of its own is shorter and faster as a ``Connection`` or a ``DatagramSocket``.
///
/// All of them throw `.cancelled` in a task that is cancelled, `.timedOut` at its deadline, and `.busy` where another
/// task waits for the same direction of the socket; nothing is lost then.
extension EventLoop {
    /// Waits for bytes.
    ///
    /// - Returns: at least 1 byte, at most `maximum` (of a datagram, 0 too); nil for the end of the stream.
    /// - Throws: `.invalid` for a maximum below 1; as ``Socket/receiveNow(into:)`` and ``waitUntilReadable(_:until:)``.
    ///
    /// C: `recv(2)`.
    public nonisolated(nonsending) func receive(
        upTo maximum: Int, from socket: borrowing Socket
    ) async throws(SocketError) -> [UInt8]? {
        if maximum < 1 { throw SocketError(.receive, .invalid("at most \(maximum) bytes can't be received")) }
        while true {
            try await giveWay(.receive)
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

    /// Waits for bytes, and puts them into the caller's memory, behind what is there.
    ///
    /// - Returns: how many came, at least 1 (of a datagram, 0 too); nil for the end of the stream.
    /// - Throws: `.invalid` where there is no room; as ``receive(upTo:from:)``.
    ///
    /// C: `recv(2)`. Python: `sock_recv_into`.
    public nonisolated(nonsending) func receive(
        into output: inout OutputRawSpan, from socket: borrowing Socket
    ) async throws(SocketError) -> Int? {
        if output.isFull { throw SocketError(.receive, .invalid("there must be room for at least 1 byte")) }
        while true {
            try await giveWay(.receive)
            switch try socket.receiveNow(into: &output) {
            case .moved(let count): return count
            case .ended: return nil
            case .wouldBlock: try await waitUntilReadable(socket.descriptor)
            }
        }
    }

    /// Waits for a datagram.
    ///
    /// - Parameter maximum: the most bytes that are taken; of a longer one the rest is lost, and it says so.
    /// - Throws: `.invalid` for a maximum below 1; as ``Socket/receiveDatagramNow(into:)`` and
    ///   ``waitUntilReadable(_:until:)``.
    ///
    /// C: `recvmsg(2)`. Python: `sock_recvfrom`.
    public nonisolated(nonsending) func receiveDatagram(
        upTo maximum: Int = 65_536, from socket: borrowing Socket
    ) async throws(SocketError) -> Datagram {
        if maximum < 1 { throw SocketError(.receive, .invalid("at most \(maximum) bytes can't be received")) }
        while true {
            try await giveWay(.receive)
            var head: DatagramHead?
            let bytes = try [UInt8].filled(capacity: min(maximum, BufferPool.bufferSize)) {
                output throws(SocketError) in
                head = try socket.receiveDatagramNow(into: &output)
            }
            if let head { return Datagram(bytes: bytes, head: head) }
            try await waitUntilReadable(socket.descriptor)
        }
    }

    /// Waits for a datagram, and puts it into the caller's memory, behind what is there.
    ///
    /// - Returns: what is known of it; it may be empty, and it is truncated where it did not fit.
    /// - Throws: `.invalid` where there is no room; as ``receiveDatagram(upTo:from:)``.
    ///
    /// C: `recvmsg(2)`. Python: `sock_recvfrom_into`.
    public nonisolated(nonsending) func receiveDatagram(
        into output: inout OutputRawSpan, from socket: borrowing Socket
    ) async throws(SocketError) -> DatagramHead {
        if output.isFull { throw SocketError(.receive, .invalid("there must be room for at least 1 byte")) }
        while true {
            try await giveWay(.receive)
            if let head = try socket.receiveDatagramNow(into: &output) { return head }
            try await waitUntilReadable(socket.descriptor)
        }
    }

    /// Sends every byte.
    ///
    /// - Throws: as ``Socket/sendNow(_:)`` and ``waitUntilWritable(_:until:)``; some of the bytes may have been sent.
    ///
    /// C: `send(2)`. Python: `sock_sendall`.
    public nonisolated(nonsending) func send(_ bytes: [UInt8], to socket: borrowing Socket) async throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            try await giveWay(.send)
            switch try socket.sendNow(unsafe bytes.span.bytes.extracting(droppingFirst: sent)) {
            case .moved(let count): sent += count
            case .ended, .wouldBlock: try await waitUntilWritable(socket.descriptor)
            }
        }
    }

    /// Sends one datagram, whole.
    ///
    /// - Parameter address: nil for the socket's peer.
    /// - Throws: as ``Socket/sendNow(_:to:by:)`` and ``waitUntilWritable(_:until:)``; it was not sent.
    ///
    /// C: `sendto(2)`. Python: `sock_sendto`.
    public nonisolated(nonsending) func send(
        datagram bytes: [UInt8], to address: SocketAddress?, by socket: borrowing Socket
    ) async throws(SocketError) {
        while true {
            try await giveWay(.send)
            if try socket.sendNow(unsafe bytes.span.bytes, to: address) { return }
            try await waitUntilWritable(socket.descriptor)
        }
    }

    /// Sends bytes of an open file, inside the kernel. The file's own position does not matter and does not change.
    /// Pages that are not in memory are read from the disk meanwhile, and the loop waits for them.
    ///
    /// - Parameters:
    ///   - offset: where to begin; 0 or more.
    ///   - count: how many bytes, 0 or more; nil up to the end of the file.
    /// - Returns: how many bytes went: fewer than `count` only if the file ended before.
    /// - Precondition: the socket's time limit is `.zero`, or a slow peer would hold the loop.
    /// - Throws: as ``send(_:to:)``, with the file's own errors as `.system`; `.invalid` for a negative offset or
    ///   count; `.unsupported` for what the kernel can't send (a pipe, a terminal). Some bytes may have been sent.
    ///
    /// C: `sendfile(2)`. Python: `sock_sendfile`.
    @discardableResult
    public nonisolated(nonsending) func sendFile(
        _ file: FileDescriptor, from offset: Int64 = 0, count: Int64? = nil, to socket: borrowing Socket
    ) async throws(SocketError) -> Int64 {
        precondition(socket.timeLimit == .zero, "a socket on a loop must not block: setTimeLimit(.zero)")
        if offset < 0 || count ?? 0 < 0 {
            let text = "\(count.map { "\($0)" } ?? "all") bytes from offset \(offset) are no part of a file"
            throw SocketError(.sendFile, .invalid(text))
        }
        var position = offset
        while true {
            let left = count.map { $0 - (position - offset) } ?? .max
            if left == 0 { return position - offset }
            try await giveWay(.sendFile)
            switch try socket.sendFileNow(file, at: &position, upTo: left) {
            case .moved: continue
            case .ended: return position - offset
            case .wouldBlock: try await waitUntilWritable(socket.descriptor)
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
            try await giveWay(.accept)
            do throws(SocketError) { return try listener.accept() } catch {
                if error.reason != .wouldBlock { throw error }
            }
            try await waitUntilReadable(listener.descriptor)
        }
    }

    /// Connects. The socket's time limit is `.zero` from then on. A UNIX listener whose queue is full is asked again
    /// until there is room.
    ///
    /// - Throws: as ``Socket/connectNow(to:)`` and ``waitUntilWritable(_:until:)``; the socket is of no use then.
    public nonisolated(nonsending) func connect(
        _ socket: inout Socket, to address: SocketAddress
    ) async throws(SocketError) {
        if try await startConnecting(&socket, to: address) { return }
        try await waitUntilWritable(socket.descriptor)
        if let error = try socket.takePendingError() {
            throw SocketError(.connect, error: error, subject: "\(address)")
        }
    }

    /// Whether the socket is connected already; false where the attempt goes on.
    private nonisolated(nonsending) func startConnecting(
        _ socket: inout Socket, to address: SocketAddress
    ) async throws(SocketError) -> Bool {
        var pause = QueuePause()
        while true {
            do throws(SocketError) { return try socket.connectNow(to: address) } catch {
                if error.reason != .wouldBlock { throw error }
            }
            try await pause.wait(until: Deadline.current, on: self, "\(address)")
        }
    }

    /// Before an attempt: now and then it has to wait for a turn of the loop. A caller on another thread holds nobody
    /// up.
    private nonisolated(nonsending) func giveWay(_ operation: SocketError.Operation) async throws(SocketError) {
        guard isCurrent, ownSocketAttempts.ends() else { return }
        _ = ownSocketAttempts.takeEnd()
        let turn = Waiting(on: self)
        turn.wakeOnItsLoop()
        defer { turn.disarm() }
        try await turn.wait(operation, until: Deadline.current)
    }
}
