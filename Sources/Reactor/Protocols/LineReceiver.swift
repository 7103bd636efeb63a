// SPDX-License-Identifier: Apache-2.0
import Wire

/// A protocol of lines: Twisted's `LineReceiver` and, where nobody asks for raw bytes, its `LineOnlyReceiver`.
///
/// ```swift
/// struct Logger: LineReceiver {
///     func connectionMade(_ transport: StreamTransport) { print("Got connection from", transport.peer) }
///     func lineReceived(_ line: String, _ transport: StreamTransport) { print(line) }
///     func connectionLost(_ reason: CloseReason, _ transport: StreamTransport) { print(transport.peer, reason) }
/// }
/// ```
/// A line is given without its delimiter, as soon as that has come, however the bytes were cut; what stands behind the
/// last delimiter when the peer ends is no line. Each byte is looked at once. A connection keeps what has come of a
/// line and at most one receive more.
///
/// In ``lineReceived(_:_:)-(String,_)`` the connection can be paused, ended or given another mode: the lines that have
/// come already wait, are thrown away, or are handed on as raw bytes.
public protocol LineReceiver: StreamProtocol {
    /// What ends a line, looked at when the first bytes come and at each ``setLineMode(_:_:)``. Not empty.
    var delimiter: [UInt8] { get }

    /// The most bytes of a line, its delimiter not counted, exactly. Looked at as ``delimiter``. Twisted: `MAX_LENGTH`.
    var maximumLength: Int { get }

    /// A line has come, as UTF-8; each ill-formed piece is U+FFFD.
    mutating func lineReceived(_ line: String, _ transport: StreamTransport) throws

    /// A line has come, as bytes that are lent until this returns. Unless it is implemented the one above is called.
    mutating func lineReceived(bytes line: RawSpan, _ transport: StreamTransport) throws

    /// Bytes have come in raw mode.
    mutating func rawDataReceived(_ data: RawSpan, _ transport: StreamTransport) throws

    /// A line is longer than ``maximumLength``. Unless it is implemented the connection is thrown away.
    ///
    /// - Parameter bytes: what has come of it. Who goes on receives the rest as the beginning of another line.
    mutating func lineLengthExceeded(_ bytes: RawSpan, _ transport: StreamTransport) throws
}

/// Lines and nothing else: Twisted's name for it.
public typealias LineOnlyReceiver = LineReceiver

extension LineReceiver {
    /// CR LF.
    public var delimiter: [UInt8] { [0x0D, 0x0A] }
    /// 16,384.
    public var maximumLength: Int { DelimiterFramer.defaultLimit }

    /// Nothing: who implements the one with bytes needs no other.
    public mutating func lineReceived(_ line: String, _ transport: StreamTransport) {}

    /// Decodes the line.
    public mutating func lineReceived(bytes line: RawSpan, _ transport: StreamTransport) throws {
        try lineReceived(line.text, transport)
    }

    /// Nothing: the bytes are thrown away.
    public mutating func rawDataReceived(_ data: RawSpan, _ transport: StreamTransport) {}

    /// Throws the connection away.
    public mutating func lineLengthExceeded(_ bytes: RawSpan, _ transport: StreamTransport) {
        transport.end(.failed(FramingError("line", .tooLong(limit: maximumLength))))
    }

    /// Sends a line: the text and the delimiter. Twisted: `sendLine`.
    public func sendLine(_ line: String, _ transport: StreamTransport) {
        transport.write(line)
        transport.write(delimiter)
    }

    /// Sends a line of bytes.
    public func sendLine(_ line: [UInt8], _ transport: StreamTransport) {
        transport.write(line)
        transport.write(delimiter)
    }

    /// From now on bytes are handed on as they come (``rawDataReceived(_:_:)``), those behind the current line first.
    public func setRawMode(_ transport: StreamTransport) {
        framing(of: transport).isRaw = true
        transport.change(inserting: .hasResumed)
    }

    /// From now on there are lines again.
    ///
    /// - Parameter rest: bytes that were handed over and belong to them.
    public func setLineMode(_ transport: StreamTransport, _ rest: [UInt8] = []) {
        let framing = framing(of: transport)
        framing.isRaw = false
        framing.renew(framer)
        framing.putBack(rest)
        transport.change(inserting: .hasResumed)
    }

    /// Throws away what has come and was not handed over. Twisted: `clearLineBuffer`.
    ///
    /// - Returns: the bytes, behind those of a line that is being handed over.
    @discardableResult
    public func clearLineBuffer(_ transport: StreamTransport) -> [UInt8] { framing(of: transport).clear() }

    /// What makes the lines; who replaces it has none.
    public mutating func dataReceived(_ data: RawSpan, _ transport: StreamTransport) throws {
        let framing = framing(of: transport)
        framing.append(data)
        try deliver(framing, transport)
    }

    /// Hands over what has waited.
    public mutating func readingResumed(_ transport: StreamTransport) throws {
        try deliver(framing(of: transport), transport)
    }

    private var framer: DelimiterFramer { DelimiterFramer(delimiter, limit: maximumLength) }

    private func framing(of transport: StreamTransport) -> Framing<DelimiterFramer> { transport.framing(framer) }

    private mutating func deliver(_ framing: Framing<DelimiterFramer>, _ transport: StreamTransport) throws {
        while transport.mayDeliver, !framing.isEmpty {
            if framing.isRaw {
                try framing.lend(framing.everything) { data in try rawDataReceived(data, transport) }
                continue
            }
            let line: FrameBounds?
            do throws(FramingError) { line = try framing.locate() } catch {
                framing.renew(framer)
                let piece = framing.overlong(BytePattern(delimiter))
                try framing.lend(piece) { bytes in try lineLengthExceeded(bytes, transport) }
                continue
            }
            guard let line else { break }
            try framing.lend(line) { bytes in try lineReceived(bytes: bytes, transport) }
        }
        if transport.isDisconnecting { _ = framing.clear() }
        framing.slim()
    }
}
