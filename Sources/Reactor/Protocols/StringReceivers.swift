// SPDX-License-Identifier: Apache-2.0
public import Wire

/// A protocol of strings of bytes, each with its length: what ``NetstringReceiver`` and ``IntNStringReceiver`` have in
/// common.
public protocol StringReceiver: StreamProtocol {
    /// How a string stands in the stream.
    associatedtype StringFramer: ByteFramer

    /// Makes the framer, when the first bytes come.
    var framer: StringFramer { get }

    /// A string has come: bytes that are lent until this returns.
    mutating func stringReceived(_ string: RawSpan, _ transport: StreamTransport) throws

    /// The peer sends what is no such string, or one that is too long. Unless it is implemented the connection is
    /// thrown away, and the error is the reason; who implements it ends it otherwise: nothing more is handed over.
    /// Twisted: `lengthLimitExceeded`, `handleParseError`.
    mutating func violationReceived(_ error: FramingError, _ transport: StreamTransport) throws
}

extension StringReceiver {
    /// Throws the connection away.
    public mutating func violationReceived(_ error: FramingError, _ transport: StreamTransport) throws { throw error }

    /// Sends a string.
    ///
    /// - Throws: `.tooLong` for one over the limit.
    public func sendString(_ string: RawSpan, _ transport: StreamTransport) throws(FramingError) {
        var buffer = ByteBuffer()
        try framer.encode(string, into: &buffer)
        transport.write(buffer.bytes)
    }

    /// Sends text, as UTF-8.
    ///
    /// - Throws: as ``sendString(_:_:)-(RawSpan,_)``.
    public func sendString(_ text: String, _ transport: StreamTransport) throws(FramingError) {
        try sendString(unsafe text.utf8.span.bytes, transport)
    }

    /// Sends bytes.
    ///
    /// - Throws: as ``sendString(_:_:)-(RawSpan,_)``.
    public func sendString(_ bytes: [UInt8], _ transport: StreamTransport) throws(FramingError) {
        try sendString(unsafe bytes.span.bytes, transport)
    }

    /// What makes the strings; who replaces it has none.
    public mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) throws {
        let framing = transport.framing(framer)
        framing.append(data)
        try deliver(framing, transport)
    }

    /// Hands over what has waited.
    public mutating func readingResumed(_ transport: StreamTransport) throws {
        try deliver(transport.framing(framer), transport)
    }

    private mutating func deliver(_ framing: Framing<StringFramer>, _ transport: StreamTransport) throws {
        while transport.mayDeliver, !framing.isEmpty {
            let string: FrameBounds?
            do throws(FramingError) { string = try framing.locate() } catch {
                _ = framing.clear()
                return try violationReceived(error, transport)
            }
            guard let string else { break }
            try framing.lend(string) { bytes in try stringReceived(bytes, transport) }
        }
        if transport.isDisconnecting { _ = framing.clear() }
        framing.slim()
    }
}

/// A protocol of netstrings, `5:hello,`: Twisted's `NetstringReceiver`.
public protocol NetstringReceiver: StringReceiver where StringFramer == NetstringFramer {
    /// The most bytes of a string. Twisted: `MAX_LENGTH`.
    var maximumLength: Int { get }
}

extension NetstringReceiver {
    /// 99,999.
    public var maximumLength: Int { NetstringFramer.defaultLimit }
    /// Netstrings up to ``maximumLength``.
    public var framer: NetstringFramer { NetstringFramer(limit: maximumLength) }
}

/// A protocol of strings with a length of some bytes, the most significant one first: Twisted's `IntNStringReceiver`.
public protocol IntNStringReceiver: StringReceiver where StringFramer == LengthFramer {
    /// How wide the length is.
    static var lengthWidth: LengthFramer.Width { get }
    /// The most bytes of a string. Twisted: `MAX_LENGTH`.
    var maximumLength: Int { get }
}

extension IntNStringReceiver {
    /// 99,999.
    public var maximumLength: Int { LengthFramer.defaultLimit }
    /// Strings with a length of ``lengthWidth``, up to ``maximumLength``.
    public var framer: LengthFramer { LengthFramer(Self.lengthWidth, limit: maximumLength) }
}

/// Strings up to 255 bytes. Twisted: `Int8StringReceiver`.
public protocol Int8StringReceiver: IntNStringReceiver {}
/// Strings up to 65,535 bytes. Twisted: `Int16StringReceiver`.
public protocol Int16StringReceiver: IntNStringReceiver {}
/// Strings with a length of four bytes. Twisted: `Int32StringReceiver`.
public protocol Int32StringReceiver: IntNStringReceiver {}

extension Int8StringReceiver {
    /// One byte.
    public static var lengthWidth: LengthFramer.Width { .bits8 }
}

extension Int16StringReceiver {
    /// Two bytes.
    public static var lengthWidth: LengthFramer.Width { .bits16 }
}

extension Int32StringReceiver {
    /// Four bytes.
    public static var lengthWidth: LengthFramer.Width { .bits32 }
}

/// A conversation by netstrings in which what a string means depends on those before it: Twisted's
/// `StatefulStringProtocol`.
///
/// ```swift
/// struct Login: StatefulStringProtocol {
///     enum State { case name, password(name: String), inside }
///     var state = State.name
///     mutating func stringReceived(_ string: RawSpan, in state: State, _ transport: StreamTransport) -> State { … }
/// }
/// ```
public protocol StatefulStringProtocol: NetstringReceiver {
    /// Where the conversation stands.
    associatedtype State

    /// Where it stands now; at first where it begins.
    var state: State { get set }

    /// A string has come in a state.
    ///
    /// - Returns: the next state.
    mutating func stringReceived(_ string: RawSpan, in state: State, _ transport: StreamTransport) throws -> State
}

extension StatefulStringProtocol {
    /// Goes from state to state.
    public mutating func stringReceived(_ string: RawSpan, _ transport: StreamTransport) throws {
        state = try stringReceived(string, in: state, transport)
    }
}

/// A protocol of pieces with known lengths: Twisted's `StatefulProtocol`. The length of the next one is asked after
/// each.
public protocol StatefulProtocol: StreamProtocol {
    /// How many bytes the next piece has; nil when nothing more is expected: what comes is thrown away. One of 0 bytes
    /// is there at once. A number below 0, or above ``maximumPieceLength``, is an error, which ends the connection: it
    /// may have been the peer's.
    var expectedLength: Int? { get }

    /// How many bytes a piece may have: 1 MiB, unless an implementation says otherwise.
    var maximumPieceLength: Int { get }

    /// A piece of that length has come, lent until this returns.
    mutating func pieceReceived(_ piece: RawSpan, _ transport: StreamTransport) throws
}

extension StatefulProtocol {
    /// 1 MiB.
    public var maximumPieceLength: Int { 1 << 20 }

    /// What makes the pieces; who replaces it has none.
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
        while transport.mayDeliver, !framing.isEmpty || expectedLength == 0 {
            guard let length = expectedLength else {
                _ = framing.clear()
                break
            }
            if length < 0 { throw FramingError("piece", .malformed("\(length) bytes")) }
            if length > maximumPieceLength { throw FramingError("piece", .tooLong(limit: maximumPieceLength)) }
            guard let piece = framing.first(length) else { break }
            try framing.lend(piece) { bytes in try pieceReceived(bytes, transport) }
        }
        framing.slim()
    }
}
