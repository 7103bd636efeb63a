// SPDX-License-Identifier: Apache-2.0

/// A rule by which a stream of bytes is cut into frames, and frames become bytes.
///
/// ```swift
/// var framer = LineFramer()
/// var input = ByteBuffer()
/// // for each piece that arrives:
/// input.append(piece)
/// while let line = try framer.next(in: &input) { handle(line) }
/// // at the end of the stream:
/// while let line = try framer.finish(in: &input) { handle(line) }
/// ```
///
/// A framer is pure: it waits for nothing and reads nothing but the buffer. It works for every way to cut the stream,
/// in time linear in the bytes, and has a limit for the size of a frame, so a buffer that is emptied into it before
/// more is read stays below that limit and one read. When nil has come back, what is left in the buffer is the
/// beginning of a frame that the framer has looked at: let more come behind it, or begin again with a new framer.
///
/// After bytes that break the rule **the framer stays dead**: every further ``next(in:)`` and ``finish(in:)`` throws
/// the same error, for where the next frame begins nobody can know. Encoding still works: an answer may say what was
/// wrong.
public protocol Framer<Frame>: Sendable {
    /// What one frame is.
    associatedtype Frame

    /// Takes the next whole frame from the front of `buffer`; nil until more bytes have come.
    ///
    /// - Throws: `.tooLong` as soon as the frame that begins must be over the limit, `.malformed` for bytes that no
    ///   frame has. They stay in the buffer.
    mutating func next(in buffer: inout ByteBuffer) throws(FramingError) -> Frame?

    /// The same when no more bytes will come: call it until it returns nil.
    ///
    /// - Throws: as ``next(in:)``, and `.truncated` for a frame that is not whole, whose bytes stay in the buffer.
    mutating func finish(in buffer: inout ByteBuffer) throws(FramingError) -> Frame?

    /// Appends the bytes of `frame`.
    ///
    /// - Throws: `.tooLong` for a frame over the limit, `.malformed` for one that the rule can't express: what
    ///   ``next(in:)`` would not give back as it is. Nothing is appended then, and the framer goes on.
    func encode(_ frame: Frame, into buffer: inout ByteBuffer) throws(FramingError)
}
