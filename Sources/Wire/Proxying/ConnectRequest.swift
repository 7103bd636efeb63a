// SPDX-License-Identifier: Apache-2.0

/// A client's request to an HTTP proxy to be connected through it.
///
/// RFC 9110 §9.3.6.
public struct ConnectRequest: Hashable, Sendable {
    /// What the request line asks for.
    public enum Wish: Hashable, Sendable {
        /// A connection to a host and a port.
        case connect(ProxyTarget)
        /// Another method, which is not looked into: a proxy that only connects answers 405.
        case other(method: String)
    }

    /// The wish.
    public let wish: Wish
    /// What stands behind `Proxy-Authorization: Basic`, decoded.
    public let credentials: ProxyCredentials?

    /// A request to be connected.
    public init(_ target: ProxyTarget, credentials: ProxyCredentials? = nil) {
        wish = .connect(target)
        self.credentials = credentials
    }

    init(_ wish: Wish, _ credentials: ProxyCredentials?) {
        self.wish = wish
        self.credentials = credentials
    }
}

/// Reads and writes the head of a `CONNECT` request: the line, the fields, the empty line. What follows it belongs to
/// the connection.
///
/// Strict, so that nobody behind or in front of the proxy can read it in another way: lines end in CR LF, the target is
/// `host:port` and nothing else, a field has a name without blanks and a value without controls, none goes on in
/// another line, HTTP/1.1 has one `Host`, and nothing announces a body. The limit counts every byte of the head; each
/// is looked at once.
///
/// RFC 9112 §3, §5; RFC 9110 §9.3.6; RFC 7617.
public struct ConnectRequestFramer: Framer {
    /// The limit, in bytes, unless a caller names one.
    public static let defaultLimit = 16_384
    /// The most fields, unless a caller names another number.
    public static let defaultFieldLimit = 100

    /// The most bytes of a head.
    public let limit: Int
    /// The most fields of a head.
    public let fieldLimit: Int

    private var search = PatternSearch()
    private var hasRead = false
    private var violation = FirstViolation()
    private static let end = BytePattern(Array("\r\n\r\n".utf8))

    /// Makes a framer for one head.
    ///
    /// - Precondition: neither limit is negative.
    public init(
        limit: Int = ConnectRequestFramer.defaultLimit, fieldLimit: Int = ConnectRequestFramer.defaultFieldLimit
    ) {
        precondition(limit >= 0 && fieldLimit >= 0, "a head's limits are not negative")
        self.limit = limit
        self.fieldLimit = fieldLimit
    }

    /// Takes the head; see ``Framer/next(in:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for what is no such request, and for a second one.
    public mutating func next(in buffer: inout ByteBuffer) throws(FramingError) -> ConnectRequest? {
        try read(&buffer, atEnd: false)
    }

    /// Takes the head when no more bytes will come; see ``Framer/finish(in:)``.
    ///
    /// - Throws: as ``next(in:)``; `.truncated`.
    public mutating func finish(in buffer: inout ByteBuffer) throws(FramingError) -> ConnectRequest? {
        try read(&buffer, atEnd: true)
    }

    /// Appends a head; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.malformed` for another method, for port 0, and for a user's name with a colon; `.tooLong`.
    public func encode(_ request: ConnectRequest, into buffer: inout ByteBuffer) throws(FramingError) {
        guard case .connect(let target) = request.wish, target.port > 0 else {
            throw FramingError(Self.name, .malformed("it can only ask for a connection to a port"))
        }
        var text = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
        if let credentials = request.credentials {
            if credentials.user.contains(UInt8(ascii: ":")) {
                throw FramingError(Self.name, .malformed("a colon in a user's name"))
            }
            let pair = Base64.text(of: credentials.user + [UInt8(ascii: ":")] + credentials.password)
            text += "Proxy-Authorization: Basic \(pair)\r\n"
        }
        text += "\r\n"
        if text.utf8.count > limit { throw FramingError(Self.name, .tooLong(limit: limit)) }
        buffer.append(contentsOf: text.utf8)
    }

    private mutating func read(_ buffer: inout ByteBuffer, atEnd: Bool) throws(FramingError) -> ConnectRequest? {
        try violation.check()
        if hasRead {
            if buffer.isEmpty { return nil }
            throw violation.record(Self.name, .malformed("a connection has one, and this framer has read it"))
        }
        do throws(FramingError.Reason) {
            guard let end = search.advance(in: buffer, for: Self.end, before: limit) else {
                if buffer.count >= limit { throw .tooLong(limit: limit) }
                if atEnd, !buffer.isEmpty { throw .truncated(have: buffer.count, of: nil) }
                return nil
            }
            let request = try ConnectHead(lines: buffer.array(0..<end), fieldLimit: fieldLimit).request()
            buffer.consume(end + Self.end.bytes.count)
            hasRead = true
            return request
        } catch {
            throw violation.record(Self.name, error)
        }
    }

    static let name = "CONNECT request"
}
