// SPDX-License-Identifier: Apache-2.0
public import Sockets

extension Connection {
    /// Sends every byte: when this returns the system has taken them all.
    ///
    /// - Throws: `.broken`, `.closed`, `.cancelled`, `.timedOut`, `.busy`. Some of the bytes may have been sent.
    public nonisolated(nonsending) func send(_ bytes: RawSpan) async throws(SocketError) {
        if !loop.isCurrent { return try await sendElsewhere(bytes.copied) }
        var sent = 0
        while sent < bytes.byteCount {
            switch try transport.sendNow(bytes.extracting(droppingFirst: sent)) {
            case .moved(let count): sent += count
            case .ended, .wouldBlock: try await waitUntilWritable()
            }
        }
    }

    /// Sends everything that was received, from here or from another connection. The lease stays the caller's.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ received: borrowing Received) async throws(SocketError) {
        // Lending the bytes further down keeps the lease out of the heap: the compiler boxes a value whose span is held
        // across a wait in the function that owns it.
        try await send(received.bytes)
    }

    /// Sends every byte of an array.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ bytes: [UInt8]) async throws(SocketError) {
        try await send(unsafe bytes.span.bytes)
    }

    /// Sends text, as UTF-8.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ text: String) async throws(SocketError) {
        try await send(unsafe text.utf8.span.bytes)
    }

    /// Sends two pieces, the second behind the first, without copying them together: a head and its body.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    ///
    /// C: `sendmsg(2)`.
    public nonisolated(nonsending) func send(_ first: RawSpan, _ second: RawSpan) async throws(SocketError) {
        if !loop.isCurrent { return try await sendElsewhere(first.copied + second.copied) }
        var sent = 0
        while sent < first.byteCount {
            switch try transport.sendNow(first.extracting(droppingFirst: sent), second) {
            case .moved(let count): sent += count
            case .ended, .wouldBlock: try await waitUntilWritable()
            }
        }
        try await send(second.extracting(droppingFirst: sent - first.byteCount))
    }

    /// Sends the pieces one behind the other, gathered into as few calls as there can be. Python: `writelines`.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ pieces: [[UInt8]]) async throws(SocketError) {
        // One copy is cheaper than pinning many arrays at once.
        try await send(pieces.count == 1 ? pieces[0] : Array(pieces.joined()))
    }

    /// Sends what fits, at least 1 byte (0 for none).
    ///
    /// - Returns: how many bytes went.
    /// - Throws: as ``send(_:)-(RawSpan)``; then none were sent.
    public nonisolated(nonsending) func sendSome(_ bytes: RawSpan) async throws(SocketError) -> Int {
        if bytes.isEmpty { return 0 }
        if !loop.isCurrent {
            let copy = bytes.copied
            return try await loop.run(async: { [self] () async throws(SocketError) in
                try await sendSome(unsafe copy.span.bytes)
            })
        }
        while true {
            if case .moved(let count) = try transport.sendNow(bytes) { return count }
            try await waitUntilWritable()
        }
    }

    @inline(__always)
    nonisolated(nonsending) func waitUntilWritable() async throws(SocketError) {
        guard let waiting = try transport.waitToSend() else { return }
        try await wait(at: waiting, .send, until: min(writeDeadline, idleDeadline))
    }

    @inline(never)
    private nonisolated(nonsending) func sendElsewhere(_ bytes: [UInt8]) async throws(SocketError) {
        try await loop.run(async: { [self] () async throws(SocketError) in try await send(unsafe bytes.span.bytes) })
    }
}

extension RawSpan {
    /// The bytes in an array: what crosses to another thread can't be borrowed.
    var copied: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}
