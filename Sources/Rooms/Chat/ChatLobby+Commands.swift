// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What a line means that begins with a slash.
extension ChatLobby {
    /// What `/help` says.
    static let help = [
        "* what you write goes to everybody in your room, but for lines that begin with a slash:",
        "*   /nick NAME       be called so: letters, digits, - _ . and 32 of them at most",
        "*   /who             who is in your room",
        "*   /msg NAME TEXT   a line for one reader",
        "*   /join ROOM       go to another room, or make it",
        "*   /rooms           which rooms there are",
        "*   /encoding NAME   your text is UTF-8, GBK, Big5, ISO-8859-1, …",
        "*   /quit            leave",
        "*   //text           a line that begins with a slash",
    ]

    /// The most names and rooms that are listed.
    private static let listed = 100

    mutating func obey(_ line: String, of person: Person, _ member: ChatMember) -> [ChatEffect] {
        let words = line.split(separator: " ", maxSplits: 1)
        let rest = words.count > 1 ? words[1].drop { $0 == " " } : ""
        func tell(_ lines: String...) -> [ChatEffect] { [.tell(lines, to: member)] }
        switch words[0] {
        case "/help": return [.tell(Self.help, to: member)]
        case "/nick":
            guard let name = ChatName(rest) else { return tell("* usage: /nick NAME, of letters, digits, - _ and .") }
            return rename(member, person, to: name)
        case "/who": return tell(who(in: person.room))
        case "/msg": return whisper(rest, person, member)
        case "/join":
            guard let name = ChatName(rest) else { return tell("* usage: /join ROOM, of letters, digits, - _ and .") }
            return move(member, person, to: name)
        case "/rooms":
            let rooms = allRooms
            return tell(
                "* \(Self.list(rooms.prefix(Self.listed).map { "\($0.name) (\($0.members.count))" }, of: rooms.count))")
        case "/encoding":
            if rest.isEmpty { return tell("* usage: /encoding NAME, as in /encoding gbk") }
            return [.encode(String(rest), for: member)]
        case "/quit": return tell("* goodbye") + [.end(member)]
        default: return tell("* there is no \(String(words[0]).quotable(maximumLength: 40)); /help tells what there is")
        }
    }

    private func who(in room: ChatName) -> String {
        let members = members(of: room)
        let names = members.prefix(Self.listed).compactMap { name(of: $0)?.description }
        return "* in \(room): \(Self.list(names, of: members.count))"
    }

    private func whisper(_ words: Substring, _ person: Person, _ member: ChatMember) -> [ChatEffect] {
        let parts = words.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let name = ChatName(parts[0]) else {
            return [.tell(["* usage: /msg NAME TEXT"], to: member)]
        }
        guard let target = self.member(named: name), let known = self.name(of: target) else {
            return [.tell(["* there is no \(name) here"], to: member)]
        }
        return [
            .tell(["[\(person.name) to you] \(parts[1])"], to: target),
            .tell(["[you to \(known)] \(parts[1])"], to: member),
        ]
    }

    private static func list(_ names: [String], of count: Int) -> String {
        names.joined(separator: ", ") + (count > names.count ? " and \(count - names.count) more" : "")
    }
}
