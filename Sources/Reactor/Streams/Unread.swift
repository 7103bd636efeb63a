// SPDX-License-Identifier: Apache-2.0
//
// Facts:    what is received has nothing to do with messages: behind a line there may be half of the next one, or the
//           first bytes of another protocol.
// Hazard:   a reader that keeps such bytes to itself loses them when it goes, and only on days when the peer is quick.
// Decision: they belong to the connection. Every way to receive takes them first, so that a line reader, a framed
//           connection and a plain receive can follow each other without losing or seeing anything twice.
// Cost:     one comparison for each receive, and one copy of what a framed reader receives. An idle connection has no
//           memory here, and one that waits in the middle of a frame what that beginning needs.
import Sockets
import Wire

/// What has come on a connection and nobody has taken. Touched by the loop's thread alone.
final class Unread {
    /// The bytes.
    private(set) var bytes = ByteBuffer()
    /// How many bytes have ever been taken from here: where in the stream the first unread one stands, as far as a
    /// reader needs to know that nobody else has taken any in between.
    private(set) var position: UInt64 = 0
    /// Whether a task waits for what belongs behind these bytes. Nobody else may take them meanwhile.
    var isAwaited = false

    @inline(__always)
    var isEmpty: Bool { bytes.isEmpty }

    func append(_ received: RawSpan) { bytes.append(received) }

    func consume(_ count: Int) {
        bytes.consume(count)
        position &+= UInt64(count)
    }

    func take(_ count: Int) -> [UInt8] {
        defer { consume(count) }
        return bytes.array(0..<count)
    }

    /// Moves as many bytes as fit; returns how many.
    func move(into output: inout OutputRawSpan) -> Int {
        let count = min(bytes.count, output.freeCapacity)
        bytes.copy(count, to: &output)
        consume(count)
        return count
    }

    /// Hands all of them to a codec, which takes what it has a use for.
    func hand<Result>(
        to codec: (inout ByteBuffer) throws(FramingError) -> Result
    ) throws(FramingError) -> Result {
        let before = bytes.count
        defer { position &+= UInt64(before - bytes.count) }
        return try codec(&bytes)
    }

    /// Lends what a frame carries.
    func lend<Result>(_ frame: FrameBounds, to body: (RawSpan) -> Result) -> Result {
        bytes.lend(frame.payload, to: body)
    }

    /// Gives back the memory that a wait, which may be a long one, does not need.
    func slim() {
        // What grows by little pieces has twice the room that it needs, and must keep it to stay linear.
        if bytes.capacity > 2 * bytes.count + Self.unworthy { bytes.releaseUnused() }
    }

    private static let unworthy = 64
}

/// A span of a class's property can't leave the access to it: these are one access each.
extension ByteBuffer {
    fileprivate borrowing func copy(_ count: Int, to output: inout OutputRawSpan) {
        unsafe bytes.extracting(first: count).withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { memory, filled in
                unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...]).copyMemory(from: source)
                filled += count
            }
        }
    }

    fileprivate borrowing func lend<Result>(_ range: Range<Int>, to body: (RawSpan) -> Result) -> Result {
        body(bytes.extracting(range))
    }
}

extension Connection {
    /// Receives what was left unread, else what the transport has.
    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        if !hasUnread {
            let attempt = try transport.receiveNow(into: &output)
            noteReceived(attempt)
            return attempt
        }
        try checkNobodyReads()
        return .moved(unread.move(into: &output))
    }

    /// Puts what the transport has behind the unread bytes. (Never inlined, so that a task that waits has none of its
    /// variables in its frame.)
    @inline(never)
    func fillNow() throws(SocketError) -> TransferAttempt {
        let memory = unsafe loop.buffers.take()
        defer { unsafe loop.buffers.giveBack(memory) }
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let attempt = try transport.receiveNow(into: &output)
        noteReceived(attempt)
        let count = unsafe output.finalize(for: memory)
        unsafe unread.append(UnsafeRawBufferPointer(rebasing: memory[..<count]).bytes)
        return attempt
    }

    /// Waits until ``fillNow()`` may bring something; false where the drain is the end. The unread bytes are this
    /// task's meanwhile.
    nonisolated(nonsending) func waitToFill(_ deadline: LoopInstant) async throws(SocketError) -> Bool {
        guard let waiting = try transport.waitToReceive() else { return true }
        if isOver, !hasUnread, let mayAttempt = takeLastLook() { return mayAttempt }
        unread.slim()
        unread.isAwaited = true
        defer { unread.isAwaited = false }
        try await wait(at: waiting, .receive, until: min(deadline, idleDeadline))
        return true
    }

    /// - Throws: `.busy` while a task waits for more than the unread bytes.
    func checkNobodyReads() throws(SocketError) {
        if unread.isAwaited { throw isBusyReading }
    }

    /// What is thrown then.
    var isBusyReading: SocketError { SocketError(.receive, .busy, subject: peer.map { "\($0)" }) }
}
