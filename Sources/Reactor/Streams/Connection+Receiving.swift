// SPDX-License-Identifier: Apache-2.0
public import Sockets

extension Connection {
    /// Waits for bytes, and lends them in the loop's own memory.
    ///
    /// - Returns: at least 1 byte, at most 65,536; nil for the end of the stream.
    /// - Throws: `.broken`, `.closed`, `.cancelled`, `.timedOut`, `.busy`. Nothing is lost by the last three.
    public nonisolated(nonsending) func receive() async throws(SocketError) -> Received? {
        if !loop.isCurrent { return try await receiveElsewhere() }
        while true {
            guard try await waitUntilReadable() else { return nil }
            switch try receiveLease() {
            case .received(let received): return received
            case .ended: return nil
            case .wouldBlock: continue
            }
        }
    }

    /// Waits for bytes, and puts them into the caller's memory, behind what is there.
    ///
    /// - Returns: how many came; nil for the end of the stream.
    /// - Throws: as ``receive()``; `.invalid` where there is no room.
    public nonisolated(nonsending) func receive(
        into output: inout OutputRawSpan
    ) async throws(SocketError) -> Int? {
        if output.isFull { throw SocketError(.receive, .invalid("there must be room for at least 1 byte")) }
        if !loop.isCurrent { return try await copy(receiveElsewhere(maximum: output.freeCapacity), to: &output) }
        while true {
            guard try await waitUntilReadable() else { return nil }
            switch try receiveNow(into: &output) {
            case .moved(let count): return count
            case .ended: return nil
            case .wouldBlock: continue
            }
        }
    }

    /// Waits for bytes, and returns them in an array of their own.
    ///
    /// - Returns: at least 1 byte, at most `maximum`; nil for the end of the stream.
    /// - Throws: as ``receive()``; `.invalid` for a maximum below 1.
    public nonisolated(nonsending) func receive(upTo maximum: Int) async throws(SocketError) -> [UInt8]? {
        if maximum < 1 { throw SocketError(.receive, .invalid("at most \(maximum) bytes can't be received")) }
        if !loop.isCurrent { return try await receiveElsewhere(maximum: maximum) }
        return try await receiveArray(maximum)
    }

    /// Sends everything back that comes, until the peer ends, or the server is drained and nothing more has come. RFC
    /// 862.
    ///
    /// - Throws: as ``receive()`` and ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func echo() async throws(SocketError) {
        endsWhenDrained = true
        while let received = try await receive() { try await send(received) }
    }

    private enum Attempt: ~Copyable {
        case received(Received)
        case ended
        case wouldBlock
    }

    // Nor is this: its variables would be in the frame of a task that waits.
    @inline(never)
    private func receiveLease() throws(SocketError) -> Attempt {
        let loop = loop
        let memory = unsafe loop.buffers.take()
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let attempt: TransferAttempt
        do throws(SocketError) { attempt = try receiveNow(into: &output) } catch {
            unsafe loop.buffers.giveBack(memory)
            throw error
        }
        unsafe _ = output.finalize(for: memory)
        switch attempt {
        case .moved(let count): return unsafe .received(Received(memory, count: count, loop: loop))
        case .ended, .wouldBlock:
            unsafe loop.buffers.giveBack(memory)
            return attempt == .ended ? .ended : .wouldBlock
        }
    }

    private nonisolated(nonsending) func receiveArray(_ maximum: Int) async throws(SocketError) -> [UInt8]? {
        while true {
            guard try await waitUntilReadable() else { return nil }
            var attempt = TransferAttempt.wouldBlock
            let room = min(maximum, BufferPool.bufferSize)
            let bytes = try [UInt8].filled(capacity: room) { output throws(SocketError) in
                attempt = try receiveNow(into: &output)
            }
            switch attempt {
            case .moved: return bytes
            case .ended: return nil
            case .wouldBlock: continue
            }
        }
    }

    /// Returns at once where an attempt is worth its system call; false where the drain is the end.
    @inline(__always)
    nonisolated(nonsending) func waitUntilReadable() async throws(SocketError) -> Bool {
        guard !hasUnread, let waiting = try transport.waitToReceive() else { return true }
        if isOver, let mayAttempt = takeLastLook() { return mayAttempt }
        try await wait(at: waiting, .receive, until: min(readDeadline, idleDeadline))
        return true
    }

    // MARK: From outside of the loop
    //
    // Never inlined: whoever calls the loop's `run` comes back to its own executor, and what was inlined would do so at
    // every wait.

    @inline(never)
    private nonisolated(nonsending) func receiveElsewhere() async throws(SocketError) -> Received? {
        let loan = try await loop.run(async: { [self] () async throws(SocketError) -> Received.Loan? in
            try await receive()?.handOver()
        })
        guard let loan else { return nil }
        return Received(loan, loop: loop)
    }

    @inline(never)
    private nonisolated(nonsending) func receiveElsewhere(maximum: Int) async throws(SocketError) -> [UInt8]? {
        try await loop.run(async: { [self] () async throws(SocketError) in try await receiveArray(maximum) })
    }

    private func copy(_ bytes: [UInt8]?, to output: inout OutputRawSpan) -> Int? {
        guard let bytes else { return nil }
        for byte in bytes { unsafe output.append(byte, as: UInt8.self) }
        return bytes.count
    }
}
