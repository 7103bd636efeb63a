// SPDX-License-Identifier: Apache-2.0
import SystemPackage

extension Socket {
    /// The most that one `receive(upTo:)` sets memory aside for; a larger maximum receives this much at a time.
    public static let maximumReceive = 16 * 1024 * 1024

    // MARK: Sending

    /// Sends what fits and says how much that was; it may be less than all.
    ///
    /// - Returns: 1 up to the number of bytes given (0 for none).
    /// - Throws: `.broken` when the peer is gone, ``SocketError/isNotConnected``, `.timedOut`, `.wouldBlock`.
    ///   After an error nothing of these bytes was sent.
    ///
    /// C: `send(2)` with `MSG_NOSIGNAL`.
    public func send(_ bytes: RawSpan, flags: TransferFlags = []) throws(SocketError) -> Int {
        var patience = patience(flags)
        return try send(some: bytes, flags, &patience)
    }

    /// Sends every byte, or throws; after an error some of them may have been sent. A time limit counts for the whole.
    ///
    /// - Throws: as ``send(_:flags:)``.
    ///
    /// C: `send(2)`, repeated.
    public func sendAll(_ bytes: RawSpan, flags: TransferFlags = []) throws(SocketError) {
        var patience = patience(flags)
        if bytes.isEmpty && kind.keepsMessages {
            _ = try send(some: bytes, flags, &patience)
            return
        }
        var sent = 0
        while sent < bytes.byteCount {
            sent += try send(some: bytes.extracting(droppingFirst: sent), flags, &patience)
        }
    }

    /// Sends one datagram. A socket that is not bound gets an address by this, and keeps it.
    ///
    /// - Throws: ``SocketError/isPermissionDenied`` for a broadcast without ``SocketOption/broadcast``, `EMSGSIZE`
    ///   where the datagram is longer than the protocol allows.
    ///
    /// C: `sendto(2)`.
    public func send(_ bytes: RawSpan, to address: SocketAddress, flags: TransferFlags = []) throws(SocketError) {
        var patience = patience(flags)
        do throws(SocketError) {
            _ = try attempt(.send, Constants.pollOut, &patience) { () throws(Errno) in
                try SystemCalls.send(number, bytes, to: address, flags: flags.rawValue)
            }
        } catch {
            throw SocketError(.send, error.reason, subject: "\(address)")
        }
    }

    @inline(__always)
    func send(
        some bytes: RawSpan, _ flags: TransferFlags, _ patience: inout Patience
    ) throws(SocketError) -> Int {
        do throws(SocketError) {
            return try attempt(.send, Constants.pollOut, &patience) { () throws(Errno) in
                try SystemCalls.send(number, bytes, flags: flags.rawValue)
            }
        } catch {
            throw toldApart(error)
        }
    }

    /// A stream that never had a peer answers EPIPE, as if it had lost one.
    func toldApart(_ error: SocketError) -> SocketError {
        if case .broken(.brokenPipe) = error.reason, peer == nil { failure(.send, .socketNotConnected) } else { error }
    }

    // MARK: Receiving

    /// Receives into the caller's memory, behind what is there already.
    ///
    /// - Returns: how many bytes came: at least 1, or 0 for an empty message; nil for the end of the stream.
    /// - Throws: `.broken`, `.timedOut`, `.wouldBlock`; `.truncated` where a message did not fit (what fitted is in
    ///   `output`); `.invalid` where a stream was given no room.
    ///
    /// C: `recv(2)`.
    public func receive(into output: inout OutputRawSpan, flags: TransferFlags = []) throws(SocketError) -> Int? {
        if output.isFull && !kind.keepsMessages { throw Self.noRoom(output.freeCapacity) }
        var patience = patience(flags)
        let room = output.freeCapacity
        let wanted = prepare(&output, flags)
        let count = try attempt(.receive, Constants.pollIn, &patience) { () throws(Errno) in
            try SystemCalls.receive(number, into: &output, flags: wanted.rawValue)
        }
        return try checked(count, room)
    }

    /// Receives into a new buffer: what is there, at most `maximum` bytes. What does not fit stays for the next call,
    /// but for messages (see ``receiveFrom(upTo:flags:)``).
    ///
    /// - Returns: the bytes, never empty on a stream; nil for the end of the stream.
    /// - Throws: as ``receive(into:flags:)``; `.invalid` for a maximum below 1.
    ///
    /// C: `recv(2)`.
    public func receive(upTo maximum: Int, flags: TransferFlags = []) throws(SocketError) -> [UInt8]? {
        if maximum < 1 { throw Self.noRoom(maximum) }
        var ended = false
        let bytes = try [UInt8].filled(capacity: min(maximum, Self.maximumReceive)) { output throws(SocketError) in
            ended = try receive(into: &output, flags: flags) == nil
        }
        return ended ? nil : bytes
    }

    /// Receives a message and tells who sent it. On a connected stream the system tells no sender: nil.
    ///
    /// - Returns: the bytes; the sender; whether the message was longer than `maximum`, its rest being lost. Nil for
    ///   the end of a stream.
    ///
    /// C: `recvfrom(2)` with `MSG_TRUNC`.
    public func receiveFrom(upTo maximum: Int, flags: TransferFlags = []) throws(SocketError) -> ReceivedMessage? {
        if maximum < 1 { throw Self.noRoom(maximum) }
        var count = 0
        var sender: SocketAddress?
        let capacity = min(maximum, Self.maximumReceive)
        let bytes = try [UInt8].filled(capacity: capacity) { output throws(SocketError) in
            (count, sender) = try receiveFrom(into: &output, flags)
        }
        if count == 0 && endsWithNothing { return nil }
        return ReceivedMessage(bytes: bytes, sender: sender, isTruncated: count > capacity)
    }

    private func receiveFrom(
        into output: inout OutputRawSpan, _ flags: TransferFlags
    ) throws(SocketError) -> (count: Int, sender: SocketAddress?) {
        var patience = patience(flags)
        let wanted = prepare(&output, flags)
        return try attempt(.receive, Constants.pollIn, &patience) { () throws(Errno) in
            try SystemCalls.receiveFrom(number, into: &output, flags: wanted.rawValue)
        }
    }

    /// Whether an answer of no bytes is the end rather than an empty message.
    var endsWithNothing: Bool { kind == .stream || kind == .sequencedPacket }

    /// The flags that a receive takes: messages tell their whole length. A stream that is told to throw bytes away
    /// counts what it does not write, and that must be no old memory: then the room is zeroed first.
    @_lifetime(output: copy output)
    func prepare(_ output: inout OutputRawSpan, _ flags: TransferFlags) -> TransferFlags {
        if kind.keepsMessages { return flags.union(.truncate) }
        if flags.contains(.truncate) {
            unsafe output.withUnsafeMutableBytes { bytes, used in
                for index in used..<bytes.count { unsafe bytes[index] = 0 }
            }
        }
        return flags
    }

    func checked(_ count: Int, _ room: Int) throws(SocketError) -> Int? {
        if count == 0 && endsWithNothing { return nil }
        if count > room && kind.keepsMessages { throw SocketError(.receive, .truncated(count), subject: subject) }
        return count
    }

    static func noRoom(_ maximum: Int) -> SocketError {
        SocketError(.receive, .invalid("there must be room for at least 1 byte, not \(maximum)"))
    }
}

/// A message with its sender.
public struct ReceivedMessage: Hashable, Sendable {
    /// What came, at most the maximum that was asked for.
    public let bytes: [UInt8]
    /// Who sent it; nil where the system does not tell (a connected stream, an unnamed UNIX socket).
    public let sender: SocketAddress?
    /// Whether the message was longer than the room for it: the rest is lost. C: `MSG_TRUNC`.
    public let isTruncated: Bool
}
