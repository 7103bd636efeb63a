// SPDX-License-Identifier: Apache-2.0
import Sockets
public import Wire

/// A connection whose bytes are cut into frames, by any of Wire's framers or one of your own.
///
/// ```swift
/// let messages = connection.frames(LengthFramer(.bits32, limit: 65_536))
/// for try await question in messages.within(.seconds(30)) { try await messages.send(answer(to: question)) }
/// ```
///
/// What has come behind a frame stays with the connection: ``Connection/receive()``, ``Connection/lines``, another
/// framer go on where this one stopped. So a protocol can change in the middle of the stream, and nothing is lost.
///
/// One task at a time reads and one sends; a second one gets `.busy`. After bytes that break the rule **reading stays
/// dead**: each further read throws the same error, since nobody can know where the next frame begins. Sending still
/// works, so an answer may say what was wrong. While it waits an idle connection keeps no buffer, and one with the
/// beginning of a frame about what that beginning needs; the most that it ever has is a frame of the framer's limit
/// and one receive (64 KiB), and their double while the buffer grows.
public final class FramedConnection<Framing: ByteFramer>: @unchecked Sendable {
    /// The connection below.
    public let connection: Connection

    /// As it was at first: for encoding, and to begin again with where others have taken bytes in between.
    private let fresh: Framing
    private let limit: Duration?

    // What follows is touched by the loop's thread alone.

    private var framer: Framing
    /// Where in the stream the frame begins that the framer has looked at.
    private var position: UInt64 = 0
    private var violation: FramingError?

    init(_ connection: Connection, _ framing: Framing, within limit: Duration? = nil) {
        self.connection = connection
        self.limit = limit
        fresh = framing
        framer = framing
    }

    /// The same, where each frame has so long to come, counted from the read that asks for it to the frame's last byte:
    /// a peer that sends it bit by bit gains nothing. Then reading throws `.timedOut`, and what has come stays unread.
    public func within(_ limit: Duration) -> FramedConnection {
        FramedConnection(connection, fresh, within: limit)
    }

    // MARK: Reading

    /// Waits for the next frame and returns what it carries.
    ///
    /// - Returns: nil at the end of the stream.
    /// - Throws: ``FrameError/framing(_:)`` with `.tooLong`, `.malformed`, or `.truncated` where the stream ends within
    ///   a frame; ``FrameError/connection(_:)`` as ``Connection/receive()``: `.timedOut`, `.cancelled` and `.busy` lose
    ///   nothing.
    public nonisolated(nonsending) func next() async throws(FrameError) -> [UInt8]? {
        try await withNext { $0.copied }
    }

    /// Waits for the next frame and lends its bytes to `body`, where they lie: nothing is copied or allocated for the
    /// frame. (From outside of the connection's loop they are copied.)
    ///
    /// - Returns: what `body` returns; nil at the end of the stream.
    /// - Throws: as ``next()``.
    public nonisolated(nonsending) func withNext<Result>(
        _ body: (RawSpan) -> Result
    ) async throws(FrameError) -> Result? {
        if let result = try takeNow(body) { return result }
        return try await nextAfterWaiting(body)
    }

    /// The next frame, which is not here yet, or neither is the caller.
    nonisolated(nonsending) func nextAfterWaiting<Result>(
        _ body: (RawSpan) -> Result
    ) async throws(FrameError) -> Result? {
        if !connection.loop.isCurrent {
            guard let copy = try await nextElsewhere() else { return nil }
            return body(unsafe copy.span.bytes)
        }
        guard let frame = try await waitForFrame() else { return nil }
        return take(frame, of: connection.unread, body)
    }

    /// The next frame, if it is here as a whole, and so is the caller: each further step of a task would cost more than
    /// a short frame.
    @inline(__always)
    func takeNow<Result>(_ body: (RawSpan) -> Result) throws(FrameError) -> Result? {
        guard connection.loop.isCurrent else { return nil }
        let unread = connection.unread
        guard let frame = try locate(in: unread) else { return nil }
        return take(frame, of: unread, body)
    }

    @inline(__always)
    private func take<Result>(_ frame: FrameBounds, of unread: Unread, _ body: (RawSpan) -> Result) -> Result {
        defer {
            unread.consume(frame.byteCount)
            position = unread.position
        }
        return unread.lend(frame, to: body)
    }

    /// Waits until a whole frame, which was not there, stands at the front of the unread bytes; nil at the end of the
    /// stream.
    private nonisolated(nonsending) func waitForFrame() async throws(FrameError) -> FrameBounds? {
        var deadline: LoopInstant?
        while true {
            let attempt: TransferAttempt
            do throws(SocketError) { attempt = try connection.fillNow() } catch { throw .connection(error) }
            switch attempt {
            case .moved:
                if let frame = try locate(in: connection.unread) { return frame }
                continue
            case .ended: break
            case .wouldBlock:
                let end = deadline ?? frameDeadline
                deadline = end
                do throws(SocketError) {
                    if try await connection.waitToFill(Swift.min(connection.readDeadline, end)) { continue }
                } catch {
                    throw .connection(error)
                }
            }
            return try locate(in: connection.unread, atEnd: true)
        }
    }

    private var frameDeadline: LoopInstant {
        limit.map { connection.loop.world.now().advanced(by: $0) } ?? .never
    }

    // Never inlined, so that a task that waits has none of its variables in its frame.
    @inline(never)
    private func locate(in unread: Unread, atEnd: Bool = false) throws(FrameError) -> FrameBounds? {
        if let violation { throw .framing(violation) }
        if unread.isAwaited { throw .connection(connection.isBusyReading) }
        if unread.position != position { (framer, position) = (fresh, unread.position) }
        do throws(FramingError) {
            return try framer.locate(in: unread.bytes, atEnd: atEnd)
        } catch {
            violation = error
            throw .framing(error)
        }
    }

    @concurrent private func nextElsewhere() async throws(FrameError) -> [UInt8]? {
        try await withTaskExecutorPreference(connection.loop) { () async throws(FrameError) in try await next() }
    }

    // MARK: Sending

    /// Sends a frame that carries these bytes: when this returns the system has taken it as a whole.
    ///
    /// - Throws: ``FrameError/framing(_:)`` for what the rule can't express, and nothing is sent;
    ///   ``FrameError/connection(_:)`` as ``Connection/send(_:)-(RawSpan)``, and some of the frame may have been sent.
    public nonisolated(nonsending) func send(_ payload: RawSpan) async throws(FrameError) {
        var frame = ByteBuffer()
        do throws(FramingError) { try fresh.encode(payload, into: &frame) } catch { throw .framing(error) }
        do throws(SocketError) { try await connection.send(frame.bytes) } catch { throw .connection(error) }
    }

    /// Sends a frame that carries the bytes of an array.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ payload: [UInt8]) async throws(FrameError) {
        try await send(unsafe payload.span.bytes)
    }

    /// Sends a frame that carries text, as UTF-8.
    ///
    /// - Throws: as ``send(_:)-(RawSpan)``.
    public nonisolated(nonsending) func send(_ text: String) async throws(FrameError) {
        try await send(unsafe text.utf8.span.bytes)
    }
}

extension FramedConnection: AsyncSequence, AsyncIteratorProtocol {
    /// Itself: a stream has one front, whoever reads there.
    public func makeAsyncIterator() -> FramedConnection { self }

    /// The next frame, for `for try await`; see ``next()``.
    ///
    /// - Throws: as ``next()``.
    public nonisolated(nonsending) func next(isolation actor: (any Actor)?) async throws(FrameError) -> [UInt8]? {
        try await withNext { $0.copied }
    }
}

extension Connection {
    /// The connection, cut into frames.
    public func frames<Framing: ByteFramer>(_ framing: Framing) -> FramedConnection<Framing> {
        FramedConnection(self, framing)
    }
}
