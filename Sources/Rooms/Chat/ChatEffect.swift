// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What is to be done because of something that happened in a chat, in this order.
public enum ChatEffect: Hashable, Sendable {
    /// A member is told these lines.
    case tell([String], to: ChatMember)
    /// Everybody in a room is told a line.
    case announce(String, in: ChatName, except: ChatMember?)
    /// A member's text is in another encoding from now on, if the system knows it.
    case encode(String, for: ChatMember)
    /// A member is to be let go, once it has got what it was told.
    case end(ChatMember)
    /// Those who are elsewhere are told.
    case publish(ChatMessage)
}

/// Who takes part in a chat: a number that nobody had before.
public struct ChatMember: Hashable, Sendable {
    let number: UInt64
    /// Where whoever gives out the numbers finds the member again.
    let seat: Int

    /// A member with a number.
    public init(_ number: UInt64) { self.init(number, seat: 0) }

    init(_ number: UInt64, seat: Int) {
        self.number = number
        self.seat = seat
    }

    /// Whether they have one number.
    public static func == (one: ChatMember, other: ChatMember) -> Bool { one.number == other.number }

    /// By the number.
    public func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// Something that concerns a room wherever its members are.
public struct ChatMessage: Hashable, Sendable {
    /// What happened.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Somebody said the text.
        case said = "say"
        /// Somebody came.
        case joined = "join"
        /// Somebody left; the text says why, if there is something to say.
        case left = "leave"
        /// Somebody has another name, which is the text.
        case renamed = "rename"
    }

    /// What happened.
    public let kind: Kind
    /// Where.
    public let room: ChatName
    /// Who did it.
    public let sender: ChatName
    /// What there is to say of it.
    public let text: String

    /// A message. Its text is made harmless.
    public init(_ kind: Kind, room: ChatName, sender: ChatName, text: String = "") {
        self.kind = kind
        self.room = room
        self.sender = sender
        self.text = text.legible
    }

    /// The line that those see whom it concerns.
    var line: String {
        switch kind {
        case .said: "<\(sender)> \(text)"
        case .joined: "* \(sender) has joined \(room)"
        case .left: text.isEmpty ? "* \(sender) has left \(room)" : "* \(sender) has left \(room): \(text)"
        case .renamed: "* \(sender) is now \(text)"
        }
    }
}
