// SPDX-License-Identifier: Apache-2.0

/// Reads and writes the one header of the PROXY protocol with which a stream begins, in either version.
///
/// ```swift
/// if let header = try await connection.frames(ProxyHeaderFramer()).next() { … }
/// ```
/// Strict: a byte that no header can have at its place is refused when it comes, a version 2 header that announces more
/// than the limit as soon as it does, and a checksum that is there has to be right. What follows the header stays in
/// the buffer. A stream has one header: a framer that has read it refuses to read another.
///
/// HAProxy Technologies, *The PROXY protocol, versions 1 & 2*, §2.
public struct ProxyHeaderFramer: Framer {
    /// The most bytes of a header, unless a caller names another number.
    public static let defaultLimit = 536
    /// The most bytes of a version 1 header, its end included, whatever the limit.
    public static let longestLine = 107

    /// The most bytes that a header may have altogether.
    public let limit: Int
    /// How many bytes of a version 1 line are known to be none of its end.
    private var searched = 0
    private var hasRead = false
    private var violation = FirstViolation()

    /// Makes a framer for one header.
    ///
    /// - Precondition: `limit` is at least 16.
    public init(limit: Int = ProxyHeaderFramer.defaultLimit) {
        precondition(limit >= ProxyHeaderV2.fixedLength, "a PROXY header's limit has room for its fixed part")
        self.limit = limit
    }

    /// Takes the header; see ``Framer/next(in:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for what is no header, and for a second one.
    public mutating func next(in buffer: inout ByteBuffer) throws(FramingError) -> ProxyHeader? {
        try read(&buffer, atEnd: false)
    }

    /// Takes the header when no more bytes will come; see ``Framer/finish(in:)``.
    ///
    /// - Throws: as ``next(in:)``; `.truncated`.
    public mutating func finish(in buffer: inout ByteBuffer) throws(FramingError) -> ProxyHeader? {
        try read(&buffer, atEnd: true)
    }

    /// Appends a header; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for what the version can't say: in version 1 anything but the addresses of a
    ///   TCP connection, addresses of two families, a name of more than 108 bytes.
    public func encode(_ header: ProxyHeader, into buffer: inout ByteBuffer) throws(FramingError) {
        do throws(FramingError.Reason) {
            let bytes =
                header.version == .v1 ? try ProxyHeaderV1.bytes(of: header) : try ProxyHeaderV2.bytes(of: header)
            if bytes.count > limit { throw .tooLong(limit: limit) }
            buffer.append(contentsOf: bytes)
        } catch {
            throw FramingError(Self.name, error)
        }
    }

    private mutating func read(_ buffer: inout ByteBuffer, atEnd: Bool) throws(FramingError) -> ProxyHeader? {
        try violation.check()
        if hasRead {
            if buffer.isEmpty { return nil }
            throw violation.record(Self.name, .malformed("a stream has one, and this framer has read it"))
        }
        do throws(FramingError.Reason) {
            let isText = !buffer.isEmpty && buffer[0] == ProxyHeaderV1.signature[0]
            let header = isText ? try readText(&buffer) : try readBinary(&buffer)
            if let header {
                hasRead = true
                return header
            }
            if atEnd { throw .truncated(have: buffer.count, of: isText ? nil : ProxyHeaderV2.length(of: buffer)) }
            return nil
        } catch {
            throw violation.record(Self.name, error)
        }
    }

    private mutating func readText(_ buffer: inout ByteBuffer) throws(FramingError.Reason) -> ProxyHeader? {
        try check(ProxyHeaderV1.signature, beginning: buffer)
        let longest = min(Self.longestLine, limit)
        let lineFeed = buffer.firstIndex(of: 0x0A, from: searched, before: longest)
        guard let lineFeed else {
            searched = min(buffer.count, longest)
            if searched == longest { throw .tooLong(limit: longest) }
            return nil
        }
        guard buffer[lineFeed - 1] == 0x0D else { throw .malformed("its line does not end in CR LF") }
        let line = buffer.array(0..<lineFeed - 1)
        let header = try ProxyHeaderV1.header(in: line)
        buffer.consume(lineFeed + 1)
        return header
    }

    private mutating func readBinary(_ buffer: inout ByteBuffer) throws(FramingError.Reason) -> ProxyHeader? {
        try check(ProxyHeaderV2.signature, beginning: buffer)
        try ProxyHeaderV2.checkKind(of: buffer)
        guard let length = ProxyHeaderV2.length(of: buffer) else { return nil }
        if length > limit { throw .tooLong(limit: limit) }
        guard buffer.count >= length else { return nil }
        let header = try ProxyHeaderV2.header(in: buffer.array(0..<length))
        buffer.consume(length)
        return header
    }

    /// Refuses the first byte that no header has at its place.
    private func check(
        _ signature: [UInt8], beginning buffer: borrowing ByteBuffer
    ) throws(FramingError.Reason) {
        for (offset, byte) in signature.prefix(buffer.count).enumerated() where buffer[offset] != byte {
            let found = buffer.bytes.extracting(first: offset + 1).quoted()
            throw .malformed("no header begins with \(found)")
        }
    }

    static let name = "PROXY header"
}
