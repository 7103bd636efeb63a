// SPDX-License-Identifier: Apache-2.0
import Sockets
import Wire

/// What ends the next message of a ``Conversation``. Python: `async_chat.set_terminator`.
public enum Terminator: Hashable, Sendable {
    /// These bytes, which are not collected; at least one.
    case bytes([UInt8])
    /// So many bytes having come; with 0 the message is whole at once. A number below is an error, which ends the
    /// connection: it may have been the peer's.
    case count(Int)
    /// Nothing: everything is collected as it comes.
    case none
}

/// A protocol that collects bytes until a terminator comes, and then says what comes next: Python's
/// `asynchat.async_chat`.
///
/// ```swift
/// struct Upper: Conversation {
///     var collected: [UInt8] = []
///     mutating func collectIncomingData(_ data: RawSpan, _ transport: StreamTransport) { collected += data.array }
///     mutating func foundTerminator(_ transport: StreamTransport) {
///         push(String(decoding: collected, as: UTF8.self).uppercased() + "\r\n", transport)
///         collected = []
///     }
/// }
/// ```
/// What is collected has no limit but the implementation's own: it counts, and ends the connection.
public protocol Conversation: StreamProtocol {
    /// What ends the message that is being collected. Asked again after each one.
    var terminator: Terminator { get }
    /// A part of the message, lent until this returns.
    mutating func collectIncomingData(_ data: RawSpan, _ transport: StreamTransport) throws
    /// The message is whole.
    mutating func foundTerminator(_ transport: StreamTransport) throws
}

extension Conversation {
    /// CR LF.
    public var terminator: Terminator { .bytes([0x0D, 0x0A]) }

    /// Sends bytes, behind what was pushed before. Python: `push`.
    public func push(_ bytes: [UInt8], _ transport: StreamTransport) { transport.writeInTurn(bytes) }
    /// Sends text as UTF-8, behind what was pushed before.
    public func push(_ text: String, _ transport: StreamTransport) { transport.writeInTurn(Array(text.utf8)) }
    /// Sends what a producer gives, behind what was pushed before, until it unregisters. Meanwhile nothing is read: a
    /// peer's next message is looked at when its answer to this one has gone. Python: `push_with_producer`.
    ///
    /// - Precondition: the caller is on the loop.
    public func pushWithProducer(_ producer: any PullProducer, _ transport: StreamTransport) {
        transport.registerInTurn(producer)
    }
    /// Ends the connection once everything is sent. Python: `close_when_done`.
    public func closeWhenDone(_ transport: StreamTransport) { transport.loseConnection() }

    /// What makes the messages; who replaces it has none.
    public mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) throws {
        let framing = transport.framing(FixedFramer(byteCount: 1))
        framing.append(data)
        try deliver(framing, transport)
    }

    /// Hands over what has waited.
    public mutating func readingResumed(_ transport: StreamTransport) throws {
        try deliver(transport.framing(FixedFramer(byteCount: 1)), transport)
    }

    private mutating func deliver(_ framing: Framing<FixedFramer>, _ transport: StreamTransport) throws {
        while transport.mayDeliver, !framing.isEmpty || terminator == .count(0) {
            let (part, isWhole) = try framing.part(before: terminator)
            guard let part else { break }
            if !part.payload.isEmpty {
                try framing.lend(part) { bytes in try collectIncomingData(bytes, transport) }
            } else {
                framing.consume(part.byteCount)
            }
            if isWhole && transport.isConnected { try foundTerminator(transport) }
        }
        framing.slim()
    }
}

extension Framing {
    /// How much of a message can be handed over, and whether it is whole then; nil for nothing.
    ///
    /// A count is whole by and by: it is remembered how much of it has come.
    func part(before terminator: Terminator) throws(FramingError) -> (FrameBounds?, isWhole: Bool) {
        switch terminator {
        case .none:
            collected = 0
            return (everything, false)
        case .count(let count):
            if count < 0 { throw FramingError("message", .malformed("\(count) bytes")) }
            // Where it has become less than what was handed over, the message is whole.
            let left = max(0, count - collected)
            if available < left {
                collected += available
                return (everything, false)
            }
            collected = 0
            return (FrameBounds(payload: 0..<left, byteCount: left), true)
        case .bytes(let bytes):
            precondition(!bytes.isEmpty, "a terminator has at least one byte")
            collected = 0
            return part(before: BytePattern(bytes))
        }
    }
}
