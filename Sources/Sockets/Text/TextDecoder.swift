// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// Turns bytes that arrive piece by piece into text.
///
/// A character that is split between two pieces is carried over; at most ``longestCharacter`` bytes are ever held back.
/// The time is linear in the number of bytes, whatever the pieces.
/// ```swift
/// var decoder = try TextDecoder(.gbk)
/// while let bytes = try client.receive(upTo: 1000) { print(try decoder.decode(bytes), terminator: "") }
/// print(try decoder.finish())
/// ```
/// After an error the decoder stays where it is: each further call throws the same one.
///
/// C: `iconv(3)`.
public struct TextDecoder: ~Copyable, Sendable {
    /// The bytes' encoding.
    public let encoding: TextEncoding

    /// What happens to bytes that are no text.
    public let errors: TextErrorPolicy

    /// No encoding needs more bytes for one character.
    public static let longestCharacter = 16

    private var conversion: TextConversion
    private var held: [UInt8] = []
    private var offset = 0
    private var failure: TextError?

    /// Set while iconv has said that something is wrong and it is not known yet whether that still lies ahead: the GNU
    /// one goes past some wrong characters before it says so (A2 E8 in UHC). This would be the reason.
    private var suspect: TextError.Reason?

    /// A decoder at the start of a text.
    ///
    /// - Throws: ``TextError`` with `.unknownEncoding` where the system lacks the encoding, `.system` when it has no
    ///   memory or descriptor left.
    public init(_ encoding: TextEncoding, errors: TextErrorPolicy = .strict) throws(TextError) {
        self.encoding = encoding
        self.errors = errors
        conversion = try TextConversion(.decode, encoding)
    }

    /// The text of these bytes, but for a character at their end that is not complete yet.
    ///
    /// - Throws: ``TextError`` with `.invalidBytes`, whose offset counts from the first byte that the decoder was
    ///   given. The text before them is lost; ``decode(_:into:)-(RawSpan,_)`` keeps it.
    public mutating func decode(_ bytes: some Collection<UInt8>) throws(TextError) -> String {
        var text = ""
        try decode(bytes, into: &text)
        return text
    }

    /// Appends the text of these bytes, but for a character at their end that is not complete yet.
    ///
    /// - Throws: ``TextError`` with `.invalidBytes`, whose offset counts from the first byte that the decoder was
    ///   given. The text before them has been appended.
    public mutating func decode(_ bytes: some Collection<UInt8>, into text: inout String) throws(TextError) {
        if let failure { throw failure }
        let bytes = ContiguousArray(bytes)
        try unsafe decode(bytes.span.bytes, into: &text)
    }

    /// Appends the text of these bytes, but for a character at their end that is not complete yet.
    ///
    /// - Throws: ``TextError`` with `.invalidBytes`, whose offset counts from the first byte that the decoder was
    ///   given. The text before them has been appended.
    public mutating func decode(_ bytes: RawSpan, into text: inout String) throws(TextError) {
        if let failure { throw failure }
        do throws(TextError) {
            try unsafe bytes.withUnsafeBytes { bytes throws(TextError) in try unsafe feed(bytes, into: &text) }
        } catch {
            failure = error
            throw error
        }
    }

    /// Ends the text: what was held back, if anything. The decoder is then at the start of another text.
    ///
    /// - Throws: ``TextError`` with `.incompleteBytes` when the last character is cut off.
    public mutating func finish() throws(TextError) -> String {
        if let failure { throw failure }
        var text = ""
        do throws(TextError) {
            // What was held back is cut off, and not what iconv has complained of.
            try refuseSuspect(into: &text)
            if !held.isEmpty { try refuse(held.count, .incompleteBytes(held, offset: offset), into: &text) }
            try system { conversion throws(Errno) in try unsafe conversion.finish { unsafe text.append(utf8: $0) } }
        } catch {
            failure = error
            throw error
        }
        offset = 0
        return text
    }

    /// Everything at once, until something is cut off or wrong; from there byte by byte, so that it is known exactly
    /// which byte spoiled it, until all is well again.
    private mutating func feed(_ bytes: UnsafeRawBufferPointer, into text: inout String) throws(TextError) {
        var rest = unsafe bytes[...]
        while true {
            while !held.isEmpty, let byte = unsafe rest.popFirst() {
                held.append(byte)
                try settle(into: &text)
            }
            if unsafe rest.isEmpty { return }
            let (consumed, stop) = try unsafe convert(UnsafeRawBufferPointer(rebasing: rest), into: &text)
            if stop == .invalid { unsafe suspectLast(2, of: rest.prefix(consumed)) }
            unsafe rest = rest.dropFirst(consumed)
            if stop == .end { return }
            if let byte = unsafe rest.popFirst() { held.append(byte) } else { try refuseSuspect(into: &text) }
            try settle(into: &text)
        }
    }

    /// Converts what is held until it is used up or begins a character and does not end it. Every shorter beginning of
    /// what is held was incomplete, so that its last byte is the one that is wrong, if something is.
    private mutating func settle(into text: inout String) throws(TextError) {
        while !held.isEmpty {
            var bytes: [UInt8] = []
            swap(&bytes, &held)
            var piece = ""
            let (consumed, stop) = try unsafe bytes.span.bytes.withUnsafeBytes { bytes throws(TextError) in
                try unsafe convert(bytes, into: &piece)
            }
            if consumed > 0 { try refuseSuspect(into: &text) }
            text += piece
            if stop == .invalid && consumed == bytes.count { suspectLast(consumed, of: bytes) }
            held = Array(bytes.dropFirst(consumed))
            if held.isEmpty { return try refuseSuspect(into: &text) }
            if consumed > 0 && held.count > 1 { return try beginAnew(into: &text) }
            if stop == .incomplete && held.count < Self.longestCharacter { return }
            // What is held is wrong; what lies before it may be so too.
            if try isPassedOver() { try refuseSuspect(into: &text) }
            suspect = nil
            try refuse(refusedCount, .invalidBytes(held, offset: offset), into: &text)
        }
    }

    /// Some of what was held is a character by itself (an escape sequence that turned out to be none): what followed it
    /// is looked at byte by byte, as if it had come now.
    private mutating func beginAnew(into text: inout String) throws(TextError) {
        let bytes = held
        held = []
        for byte in bytes {
            held.append(byte)
            try settle(into: &text)
        }
    }

    /// How many of the held bytes give way to one U+FFFD. In UTF-8 the longest beginning of a character, as Unicode
    /// advises; elsewhere one, since the bytes behind it may be good by themselves (81 30 0A in GB 18030 hides a line's
    /// end).
    private var refusedCount: Int {
        encoding == .utf8 ? max(1, held.count - 1) : 1
    }

    /// Refuses what iconv has gone past, once it is clear that what lies ahead is good.
    private mutating func refuseSuspect(into text: inout String) throws(TextError) {
        guard let reason = suspect else { return }
        suspect = nil
        try refuse(0, reason, into: &text)
    }

    /// Whether the suspect by itself is what iconv goes past and complains of.
    private mutating func isPassedOver() throws(TextError) -> Bool {
        guard case .invalidBytes(let bytes, _) = suspect else { return false }
        let (consumed, stop) = try system { conversion throws(Errno) in
            try unsafe bytes.span.bytes.withUnsafeBytes { bytes throws(Errno) in
                try unsafe conversion.convert(bytes) { _ in }
            }
        }
        return stop == .invalid && consumed == bytes.count
    }

    private mutating func suspectLast(_ count: Int, of consumed: some Sequence<UInt8>) {
        let bytes = consumed.suffix(count)
        suspect = .invalidBytes(Array(bytes), offset: offset - bytes.count)
    }

    private mutating func convert(
        _ bytes: UnsafeRawBufferPointer, into text: inout String
    ) throws(TextError) -> (consumed: Int, stop: TextConversion.Stop) {
        let result = try system { conversion throws(Errno) in
            try unsafe conversion.convert(bytes) { unsafe text.append(utf8: $0) }
        }
        offset += result.consumed
        return result
    }

    /// Puts U+FFFD in the place of the first `count` held bytes, or throws.
    private mutating func refuse(
        _ count: Int, _ reason: TextError.Reason, into text: inout String
    ) throws(TextError) {
        guard errors == .replacing else { throw TextError(.decode, encoding: encoding.name, reason) }
        text.unicodeScalars.append("\u{FFFD}")
        held.removeFirst(count)
        offset += count
    }

    private mutating func system<Answer>(
        _ body: (inout TextConversion) throws(Errno) -> Answer
    ) throws(TextError) -> Answer {
        do throws(Errno) {
            return try body(&conversion)
        } catch {
            throw TextError(.decode, encoding: encoding.name, .system(error))
        }
    }
}

extension String {
    /// Appends what iconv wrote: whole characters, well-formed.
    fileprivate mutating func append(utf8 bytes: UnsafeRawBufferPointer) {
        unsafe append(String(decoding: bytes, as: UTF8.self))
    }
}
