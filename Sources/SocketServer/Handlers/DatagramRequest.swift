// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A datagram, as a blocking handler has it.
public final class DatagramRequest {
    /// What it says; may be empty. Python: `self.packet`, `self.request[0]`.
    public var packet: [UInt8] { datagram.bytes }

    /// Whether it was longer than the server takes (``ServerConfiguration/maximumPacketSize``), and its rest is lost.
    public var isTruncated: Bool { datagram.isTruncated }

    /// Who sent it; nil, or unnamed, for a UNIX socket that is bound to nothing and can't be answered. Python:
    /// `self.client_address`.
    public let clientAddress: SocketAddress?

    /// The server's own socket, which other handlers use too. A call on it waits at most
    /// ``ServerConfiguration/replyLimit``. Python: `self.socket`, `self.request[1]`.
    public var socket: Socket { _read { yield shared.socket } }

    /// The server that it came to.
    public let server: BaseServer

    /// Reads the datagram as a file. Python: `self.rfile`.
    public let reader: PacketReader

    /// Collects one answer, which is sent when the handler has ended without an error, if anything was written. Python:
    /// `self.wfile`.
    public let writer = PacketWriter()

    private let request: IncomingRequest
    private let datagram: ReceivedMessage
    private let shared: SharedSocket

    init(_ request: IncomingRequest, _ datagram: ReceivedMessage, by socket: SharedSocket, of server: BaseServer) {
        self.request = request
        self.datagram = datagram
        shared = socket
        clientAddress = datagram.sender
        self.server = server
        reader = PacketReader(datagram.bytes)
    }

    /// Answers with one datagram, once there is room for it: a UNIX client that does not read has none.
    ///
    /// - Throws: `.timedOut` when there was no room within ``ServerConfiguration/replyLimit``, nor before the request
    ///   had its time (``ServerConfiguration/requestLimit``); `.closed` once the server has broken the request off,
    ///   room or not; ``SocketError/isNotConnected`` for a sender without an address; as
    ///   ``Socket/send(_:to:flags:)-(RawSpan,_,_)``. Nothing was sent then.
    public func reply(_ bytes: some Collection<UInt8>) throws(SocketError) {
        var answer = try DatagramAnswer(to: request, by: shared, server.configuration)
        let bytes = Array(bytes)
        while let pause = try answer.send(bytes) { SystemCalls.pause(pause) }
    }
}

/// A datagram that is read like a file. Python has a `BytesIO`.
public final class PacketReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next line without its end (LF, or CR LF); a last line that has no end counts. Nil at the end.
    public func readLine() -> [UInt8]? {
        if position == bytes.count { return nil }
        let rest = bytes[position...]
        guard let end = rest.firstIndex(of: 0x0A) else { return readToEnd() }
        position = end + 1
        let line = rest[..<end]
        return Array(line.last == 0x0D ? line.dropLast() : line)
    }

    /// At most so many bytes; nil at the end.
    ///
    /// - Precondition: `maximum` is at least 1.
    public func read(upTo maximum: Int) -> [UInt8]? {
        precondition(maximum >= 1, "at least 1 byte is read")
        if position == bytes.count { return nil }
        let piece = bytes[position...].prefix(maximum)
        position = piece.endIndex
        return Array(piece)
    }

    /// What is left.
    public func readToEnd() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes[position...])
    }
}

/// An answer that is written like a file, and bounded as a datagram is.
public final class PacketWriter {
    /// No datagram of UDP has more bytes over IPv4.
    public static let maximumLength = 65_507

    /// What was written so far; nil before the first write.
    public private(set) var bytes: [UInt8]?

    init() {}

    /// Adds bytes; an empty answer is one too.
    ///
    /// - Throws: `.tooLong` if the answer would be longer than ``maximumLength``; nothing of these bytes is added.
    public func write(_ more: some Collection<UInt8>) throws(SocketError) {
        let written = bytes ?? []
        if more.count > Self.maximumLength - written.count { throw SocketError(.send, .tooLong(Self.maximumLength)) }
        bytes = written + more
    }

    /// Adds text, as UTF-8.
    ///
    /// - Throws: as ``write(_:)-(Collection<UInt8>)``.
    public func write(_ text: String) throws(SocketError) { try write(text.utf8) }
}
