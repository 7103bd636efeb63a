// SPDX-License-Identifier: Apache-2.0
import Wire

/// The lines that come on a connection, as text.
///
/// ```swift
/// for try await line in connection.lines(maximumLength: 512).within(.seconds(30)) {
///     try await connection.send("[\(CTime.now())] \(line)\r\n")
/// }
/// ```
/// A line ends in LF or CR LF, which are not part of it; a last line without an end counts. The text is UTF-8, and what
/// is none becomes U+FFFD: one wrong byte of a stranger's is no reason to end a conversation. Who wants the bytes, or
/// wants them refused, takes `connection.frames(LineFramer())` and decodes what comes.
///
/// A line over the limit is an error, and reading stays dead after it; see ``FramedConnection`` for that, for what
/// stays unread, and for how much memory it takes.
public struct ConnectionLines: Sendable {
    private let frames: FramedConnection<LineFramer>

    init(_ frames: FramedConnection<LineFramer>) { self.frames = frames }

    /// The same, where each line has so long to come, counted from the read that asks for it to the line's last byte.
    /// Then reading throws `.timedOut`, and what has come stays unread.
    public func within(_ limit: Duration) -> ConnectionLines { ConnectionLines(frames.within(limit)) }

    /// Waits for the next line.
    ///
    /// - Returns: the line without its end; nil at the end of the stream.
    /// - Throws: ``FrameError/framing(_:)`` with `.tooLong`; ``FrameError/connection(_:)`` as
    ///   ``Connection/receive()``: `.timedOut`, `.cancelled` and `.busy` lose nothing.
    public nonisolated(nonsending) func next() async throws(FrameError) -> String? {
        try await next(isolation: nil)
    }
}

extension ConnectionLines: AsyncSequence, AsyncIteratorProtocol {
    /// Itself: a stream has one front, whoever reads there.
    public func makeAsyncIterator() -> ConnectionLines { self }

    // Not an isolated parameter, and inlinable: a loop over lines that are here takes no step of the task for them.
    // Each would change the executor twice, and cost more than the line.

    /// The next line, for `for try await`; see ``next()``.
    ///
    /// - Throws: as ``next()``.
    @inlinable
    public nonisolated(nonsending) func next(isolation actor: (any Actor)?) async throws(FrameError) -> String? {
        if let line = try takeNow() { return line }
        return try await nextAfterWaiting()
    }

    /// The next line, if it is here as a whole, and so is the caller.
    @usableFromInline
    func takeNow() throws(FrameError) -> String? { try frames.takeNow { $0.text } }

    @usableFromInline
    nonisolated(nonsending) func nextAfterWaiting() async throws(FrameError) -> String? {
        try await frames.nextAfterWaiting { $0.text }
    }
}

extension Connection {
    /// The lines that come, of at most 16,384 bytes.
    public var lines: ConnectionLines { lines(maximumLength: LineFramer.defaultLimit) }

    /// The lines that come, of at most so many bytes, their ends not counted.
    ///
    /// - Precondition: `maximumLength` is not negative.
    public func lines(maximumLength: Int) -> ConnectionLines {
        ConnectionLines(frames(LineFramer(limit: maximumLength)))
    }
}
