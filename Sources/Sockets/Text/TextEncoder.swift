// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// Turns text that comes piece by piece into bytes of an encoding.
///
/// It keeps what the encoding keeps between characters (a byte order mark written once, an escape sequence), so that
/// the pieces make one text; ``finish()`` ends it. The time is linear.
/// After an error the encoder stays where it is: each further call throws the same one.
///
/// C: `iconv(3)`.
public struct TextEncoder: ~Copyable, Sendable {
    /// The bytes' encoding.
    public let encoding: TextEncoding

    /// What happens to characters that the encoding lacks.
    public let errors: TextErrorPolicy

    private var conversion: TextConversion
    private var offset = 0
    private var failure: TextError?

    /// An encoder at the start of a text.
    ///
    /// - Throws: ``TextError`` with `.unknownEncoding` where the system lacks the encoding, `.system` when it has no
    ///   memory or descriptor left.
    public init(_ encoding: TextEncoding, errors: TextErrorPolicy = .strict) throws(TextError) {
        self.encoding = encoding
        self.errors = errors
        conversion = try TextConversion(.encode, encoding)
    }

    /// The bytes of this text.
    ///
    /// - Throws: ``TextError`` with `.notEncodable`, whose offset counts UTF-8 bytes from the start of the first piece.
    public mutating func encode(_ text: some StringProtocol) throws(TextError) -> [UInt8] {
        var bytes: [UInt8] = []
        try encode(text, into: &bytes)
        return bytes
    }

    /// Appends the bytes of this text.
    ///
    /// - Throws: ``TextError`` with `.notEncodable`, whose offset counts UTF-8 bytes from the start of the first piece.
    ///   What stands before that character has been appended.
    public mutating func encode(_ text: some StringProtocol, into bytes: inout [UInt8]) throws(TextError) {
        if let failure { throw failure }
        let source = ContiguousArray(text.utf8)
        do throws(TextError) {
            try unsafe source.span.bytes.withUnsafeBytes { source throws(TextError) in
                try unsafe feed(source, into: &bytes)
            }
        } catch {
            failure = error
            throw error
        }
    }

    /// Ends the text: the bytes that return to the encoding's first state, if it has states. The encoder is then at the
    /// start of another text.
    public mutating func finish() throws(TextError) -> [UInt8] {
        if let failure { throw failure }
        var bytes: [UInt8] = []
        try system { conversion throws(Errno) in try unsafe conversion.finish { unsafe bytes.append(contentsOf: $0) } }
        offset = 0
        return bytes
    }

    /// The most bytes that are offered to iconv at once, and how many after a character that it has refused: it reads
    /// everything that it is offered, and again after each refusal.
    private static let (longestReach, cautiousReach) = (4096, 16)

    private mutating func feed(_ source: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(TextError) {
        var rest = unsafe source[...]
        var reach = Self.longestReach
        while unsafe !rest.isEmpty {
            // It may end within a character, which is then taken by itself.
            let ahead = unsafe rest.prefix(reach)
            let tag = unsafe Self.firstTag(in: ahead)
            let plain = unsafe ahead[..<(tag ?? ahead.endIndex)]
            let (consumed, stop) = try unsafe convert(UnsafeRawBufferPointer(rebasing: plain), into: &bytes)
            unsafe rest = rest.dropFirst(consumed)
            offset += consumed
            if stop != .end || tag != nil { try unsafe takeScalar(from: &rest, into: &bytes) }
            reach = stop == .invalid ? Self.cautiousReach : min(2 * reach, Self.longestReach)
        }
    }

    /// One scalar by itself: one that iconv has refused, or a tag character, which it may drop without a word.
    private mutating func takeScalar(
        from rest: inout Slice<UnsafeRawBufferPointer>, into bytes: inout [UInt8]
    ) throws(TextError) {
        guard let lead = unsafe rest.first else { return }
        let length = unsafe min(lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4, rest.count)
        let one = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(length))
        let before = bytes.count
        let (consumed, _) = try unsafe convert(one, into: &bytes)
        if consumed < length || bytes.count == before { try unsafe replace(one, into: &bytes) }
        unsafe rest = rest.dropFirst(length)
        offset += length
    }

    private mutating func replace(_ one: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(TextError) {
        let scalar = unsafe String(decoding: one, as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
        let error = TextError(.encode, encoding: encoding.name, .notEncodable(scalar, offset: offset))
        guard errors == .replacing else { throw error }
        let (consumed, _) = try unsafe ("?" as StaticString).bytes.withUnsafeBytes { mark throws(TextError) in
            try unsafe convert(mark, into: &bytes)
        }
        if consumed == 0 { throw error }
    }

    private mutating func convert(
        _ source: UnsafeRawBufferPointer, into bytes: inout [UInt8]
    ) throws(TextError) -> (consumed: Int, stop: TextConversion.Stop) {
        try system { conversion throws(Errno) in
            try unsafe conversion.convert(source) { unsafe bytes.append(contentsOf: $0) }
        }
    }

    private mutating func system<Answer>(
        _ body: (inout TextConversion) throws(Errno) -> Answer
    ) throws(TextError) -> Answer {
        do throws(Errno) {
            return try body(&conversion)
        } catch {
            throw TextError(.encode, encoding: encoding.name, .system(error))
        }
    }

    /// Where the first of U+E0000 to U+E007F (F3 A0 80 80 to F3 A0 81 BF) begins.
    private static func firstTag(in bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        var start = unsafe bytes.startIndex
        while let lead = unsafe bytes[start...].firstIndex(of: 0xF3) {
            let scalar = unsafe bytes[lead...].prefix(3)
            if unsafe scalar.elementsEqual([0xF3, 0xA0, 0x80]) || scalar.elementsEqual([0xF3, 0xA0, 0x81]) {
                return lead
            }
            start = lead + 1
        }
        return nil
    }
}
