// SPDX-License-Identifier: Apache-2.0

/// Netstrings: the length in decimal digits, a colon, the bytes, a comma. `5:hello,`
///
/// Strict, as the specification asks: no sign, no blank, no leading zero, no length without digits, and the comma. A
/// length is refused at the digit that brings it over the limit, so however many digits come, they neither overflow nor
/// collect.
///
/// D. J. Bernstein, *Netstrings*, 1997.
public struct NetstringFramer: ByteFramer {
    /// The limit, in bytes, unless a caller names one. Twisted has the same.
    public static let defaultLimit = 99_999

    /// The most bytes that a netstring may carry.
    public let limit: Int

    /// How many bytes of the header have been read, its colon included.
    private var header = 0
    /// What its digits have said so far.
    private var length = 0
    private var hasColon = false
    private var violation = FirstViolation()

    /// Makes a framer for netstrings that carry at most `limit` bytes.
    ///
    /// - Precondition: `limit` is not negative.
    public init(limit: Int = NetstringFramer.defaultLimit) {
        precondition(limit >= 0, "a netstring's limit is not negative")
        self.limit = limit
    }

    /// Finds the next netstring; see ``ByteFramer/locate(in:atEnd:)``.
    ///
    /// - Throws: `.tooLong`; `.malformed` for a bad length or a missing comma; at the end `.truncated`.
    public mutating func locate(
        in buffer: borrowing ByteBuffer, atEnd: Bool
    ) throws(FramingError) -> FrameBounds? {
        try violation.check()
        try readHeader(of: buffer)
        let comma = header + length
        guard hasColon, buffer.count > comma else {
            guard atEnd, !buffer.isEmpty else { return nil }
            throw violation.record(Self.name, .truncated(have: buffer.count, of: hasColon ? comma + 1 : nil))
        }
        if buffer[comma] != UInt8(ascii: ",") {
            let found = buffer.bytes.extracting(comma..<comma + 1).quoted()
            throw violation.record(Self.name, .malformed("\(found) in place of the comma after \(length) bytes"))
        }
        let payload = header..<comma
        (header, length, hasColon) = (0, 0, false)
        return FrameBounds(payload: payload, byteCount: comma + 1)
    }

    /// Appends a netstring; see ``Framer/encode(_:into:)``.
    ///
    /// - Throws: `.tooLong`.
    public func encode(_ payload: RawSpan, into buffer: inout ByteBuffer) throws(FramingError) {
        if payload.byteCount > limit { throw FramingError(Self.name, .tooLong(limit: limit)) }
        buffer.append(contentsOf: "\(payload.byteCount):".utf8)
        buffer.append(payload)
        buffer.append(UInt8(ascii: ","))
    }

    /// Reads the digits and the colon that have come, each once.
    private mutating func readHeader(of buffer: borrowing ByteBuffer) throws(FramingError) {
        while !hasColon, header < buffer.count {
            let byte = buffer[header]
            let isZero = header == 1 && length == 0
            if byte == UInt8(ascii: ":"), header > 0 {
                hasColon = true
            } else if UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte, !isZero {
                try readDigit(Int(byte - UInt8(ascii: "0")))
            } else {
                let found = buffer.bytes.extracting(0..<header + 1).quoted()
                throw violation.record(Self.name, .malformed("a length can't begin with \(found)"))
            }
            header += 1
        }
    }

    private mutating func readDigit(_ digit: Int) throws(FramingError) {
        let (tenfold, isBeyond) = length.multipliedReportingOverflow(by: 10)
        let (sum, isOver) = tenfold.addingReportingOverflow(digit)
        if isBeyond || isOver || sum > min(limit, .max - Self.longestFrame) {
            throw violation.record(Self.name, .tooLong(limit: limit))
        }
        length = sum
    }

    /// More than the header and comma of any netstring have.
    private static let longestFrame = 32
    private static let name = "netstring"
}
