// SPDX-License-Identifier: Apache-2.0
import Wire

/// A chat's message on its way between machines: what happened, from which chat, and as which of its messages.
///
/// The bytes are seven netstrings: the version `nt1`, the chat's name, the number, the kind, the room, the sender, the
/// text.
struct BackplaneMessage: Hashable, Sendable {
    /// Which chat it is from: a name that nobody else has.
    let origin: String
    /// Which of its messages: each has a higher number than those before it.
    let number: UInt64
    let message: ChatMessage

    /// The most bytes of one.
    static let maximumLength = 128 << 10
    private static let version = "nt1"

    init(origin: String, number: UInt64, message: ChatMessage) {
        self.origin = origin
        self.number = number
        self.message = message
    }

    /// The bytes. A text that has more than ``maximumTextLength`` is cut, and `…` says so: a line of control characters
    /// that is within a chat's limit grows when they are made harmless.
    var bytes: [UInt8] {
        let parts = [
            Self.version, origin, "\(number)", message.kind.rawValue, "\(message.room)", "\(message.sender)", text,
        ]
        var buffer = ByteBuffer()
        // No part is longer than the text, and that is not too long.
        for part in parts { try? NetstringFramer(limit: Self.maximumLength).encode(part.utf8, into: &buffer) }
        return buffer.take(buffer.count)
    }

    /// The most bytes of a text: names, numbers and what is between them have room beside it.
    static let maximumTextLength = maximumLength - 1024

    private var text: String {
        let text = message.text
        if text.utf8.count <= Self.maximumTextLength { return text }
        let mark = "…"
        var end = text.utf8.index(text.startIndex, offsetBy: Self.maximumTextLength - mark.utf8.count)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + mark
    }

    /// Reads one; nil for what is none: anybody may write to a channel.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= Self.maximumLength else { return nil }
        var buffer = ByteBuffer(bytes)
        var framer = NetstringFramer(limit: Self.maximumLength)
        var parts: [String] = []
        while parts.count < 7, let part = try? framer.next(in: &buffer) {
            parts.append(String(decoding: part, as: UTF8.self))
        }
        guard parts.count == 7, buffer.isEmpty, parts[0] == Self.version, 1...64 ~= parts[1].utf8.count,
            let number = UInt64(parts[2]), let kind = ChatMessage.Kind(rawValue: parts[3]),
            let room = ChatName(parts[4]), let sender = ChatName(parts[5])
        else { return nil }
        if kind == .renamed, ChatName(parts[6]) == nil { return nil }
        self.init(
            origin: parts[1], number: number,
            message: ChatMessage(kind, room: room, sender: sender, text: parts[6]))
    }
}

/// Which messages were seen: of each origin those up to a number, since its messages come in their order.
struct SeenMessages: Sendable {
    /// The most origins that are remembered; the one that was silent longest goes first.
    static let maximumOrigins = 1024

    private var last: [String: (number: UInt64, at: UInt64)] = [:]
    private var clock: UInt64 = 0

    /// Whether a message is new, and remembers it.
    mutating func isNew(_ message: BackplaneMessage) -> Bool {
        clock += 1
        if let known = last[message.origin], known.number >= message.number { return false }
        last[message.origin] = (message.number, clock)
        if last.count > Self.maximumOrigins, let oldest = last.min(by: { $0.value.at < $1.value.at }) {
            last[oldest.key] = nil
        }
        return true
    }
}
