// SPDX-License-Identifier: Apache-2.0

/// A value of the Redis serialization protocol, version 2.
///
/// Redis: *RESP protocol specification*.
public enum RESPValue: Hashable, Sendable {
    /// `+OK`: a word or two, UTF-8; what is none becomes U+FFFD.
    case simple(String)
    /// `-ERR unknown command`.
    case error(String)
    /// `:42`.
    case integer(Int64)
    /// `$5 hello`: any bytes; nil for `$-1`.
    case bulk([UInt8]?)
    /// `*2 …`: values; nil for `*-1`.
    case array([RESPValue]?)

    /// A command as a client sends it: an array of bulk strings.
    public static func command(_ words: [UInt8]...) -> RESPValue { .array(words.map { .bulk($0) }) }

    /// A command of text.
    public static func command(_ words: String...) -> RESPValue { .array(words.map { .bulk(Array($0.utf8)) }) }

    /// The bytes of a bulk or simple string, nil for every other value.
    public var bytes: [UInt8]? {
        switch self {
        case .bulk(let bytes): bytes
        case .simple(let text): Array(text.utf8)
        default: nil
        }
    }

    /// Appends the value's bytes.
    ///
    /// - Throws: ``FramingError`` with `.malformed` for a simple string or an error with a line end in it; nothing is
    ///   appended then.
    public func encode(into buffer: inout ByteBuffer) throws(FramingError) {
        try check()
        append(to: &buffer)
    }

    private func check() throws(FramingError) {
        switch self {
        case .simple(let text), .error(let text):
            if text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
                throw FramingError("RESP", .malformed("a line end within a simple string"))
            }
        case .array(let values?): for value in values { try value.check() }
        default: break
        }
    }

    private func append(to buffer: inout ByteBuffer) {
        switch self {
        case .simple(let text): buffer.append(contentsOf: "+\(text)\r\n".utf8)
        case .error(let text): buffer.append(contentsOf: "-\(text)\r\n".utf8)
        case .integer(let number): buffer.append(contentsOf: ":\(number)\r\n".utf8)
        case .bulk(nil): buffer.append(contentsOf: "$-1\r\n".utf8)
        case .bulk(let bytes?):
            buffer.append(contentsOf: "$\(bytes.count)\r\n".utf8)
            buffer.append(contentsOf: bytes)
            buffer.append(contentsOf: "\r\n".utf8)
        case .array(nil): buffer.append(contentsOf: "*-1\r\n".utf8)
        case .array(let values?):
            buffer.append(contentsOf: "*\(values.count)\r\n".utf8)
            for value in values { value.append(to: &buffer) }
        }
    }
}
