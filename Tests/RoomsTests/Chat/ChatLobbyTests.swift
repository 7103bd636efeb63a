// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Rooms

/// The chat's logic, without a connection.
@Suite(.blocking) struct ChatLobbyTests {
    private let ann = ChatMember(1)
    private let bob = ChatMember(2)
    private let eve = ChatMember(3)
    private let lobbyName = ChatLobby.firstRoom

    /// A lobby with three people in it.
    private func party(_ limits: ChatLimits = ChatLimits()) throws -> ChatLobby {
        var lobby = ChatLobby(limits: limits)
        for member in [ann, bob, eve] { _ = try lobby.admit(member) }
        return lobby
    }

    /// What a member is told.
    private func told(_ effects: [ChatEffect], _ member: ChatMember) -> [String] {
        effects.flatMap { effect in
            guard case .tell(let lines, member) = effect else { return [String]() }
            return lines
        }
    }

    /// What everybody in a room is told, but for the one who is left out.
    private func announced(_ effects: [ChatEffect]) -> [String] {
        effects.compactMap { effect in
            guard case .announce(let line, _, _) = effect else { return nil }
            return line
        }
    }

    @Test func `every line that is no command goes to all others`() throws {
        var lobby = try party()
        for text in ["hi", "", " /nick x", "你好", "*"] {
            let effects = lobby.receive(text, from: bob)
            #expect(effects.first == .announce("<guest2> \(text)", in: lobbyName, except: bob))
        }
        #expect(announced(lobby.receive("//etc/passwd", from: bob)) == ["<guest2> /etc/passwd"])
    }

    @Test func `what a terminal would act on is escaped before anybody sees it`() throws {
        var lobby = try party()
        for scalar in (0..<0x20).map({ UInt8($0) }) + [0x7F] where scalar != UInt8(ascii: "\t") {
            let said = String(decoding: [UInt8(ascii: "a"), scalar, UInt8(ascii: "b")], as: UTF8.self)
            let line = try #require(announced(lobby.receive(said, from: ann)).first)
            #expect(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "\(scalar)")
            #expect(line.hasPrefix("<guest1> a\\") && line.hasSuffix("b"))
        }
        // C1 controls, and what turns a line round.
        for text in ["\u{9B}31m", "\u{202E}evil", "\u{2028}"] {
            let line = try #require(announced(lobby.receive(text, from: ann)).first)
            #expect(line.unicodeScalars.allSatisfy { $0.isASCII && $0.value >= 0x20 }, "\(line)")
        }
        let whisper = told(lobby.receive("/msg guest2 \u{1B}[2Jgone", from: ann), bob)
        #expect(whisper.count == 1 && !whisper[0].utf8.contains(0x1B))
        let unknown = told(lobby.receive("/\u{1B}]0;x\u{7}", from: ann), ann)
        #expect(unknown.count == 1 && !unknown[0].utf8.contains { $0 < 0x20 })
    }

    @Test(arguments: [
        "\u{3164}", "\u{FFA0}", "\u{115F}", "\u{1160}", "\u{2800}", "\u{17B4}", "\u{13441}", "\u{200D}", "\u{AD}", " ",
    ])
    func `a name shows all that it has`(blank: String) {
        for name in [blank, "ann\(blank)", "\(blank)ann", blank + blank] { #expect(ChatName(name) == nil) }
        #expect(ChatName("한글") != nil && ChatName("ann") != nil)
    }

    @Test func `a nickname is one member's, in whatever case`() throws {
        var lobby = try party()
        let effects = lobby.receive("/nick Ann", from: ann)
        #expect(told(effects, ann) == ["* you are now Ann"])
        #expect(announced(effects) == ["* guest1 is now Ann"])
        #expect(told(lobby.receive("/nick aNN", from: bob), bob) == ["* aNN is taken"])
        #expect(lobby.name(of: bob)?.description == "guest2")
        // One may write one's own name otherwise, and a name is free again when its owner has gone.
        #expect(told(lobby.receive("/nick ANN", from: ann), ann) == ["* you are now ANN"])
        _ = lobby.leave(ann)
        #expect(told(lobby.receive("/nick ann", from: bob), bob) == ["* you are now ann"])
    }

    @Test func `a name of a guest that somebody took is passed over`() throws {
        var lobby = try party()
        _ = lobby.receive("/nick guest4", from: ann)
        _ = lobby.enter(ChatMember(4))
        #expect(lobby.name(of: ChatMember(4))?.description == "guest5")
    }

    @Test(arguments: [
        "", " ", "a b", "a\tb", "a/b", "<a>", "*", String(repeating: "a", count: 33), "a\u{1B}", "a\u{200D}b",
    ])
    func `what can't be a name is refused`(name: String) throws {
        var lobby = try party()
        let effects = lobby.receive("/nick \(name)", from: ann)
        #expect(announced(effects).isEmpty, "\(name.debugDescription)")
        #expect(told(effects, ann).count == 1)
    }

    @Test func `a name may be in any script`() throws {
        var lobby = try party()
        for name in ["小明", "Ёлка", "a-b_c.d", String(repeating: "é", count: 32)] {
            #expect(told(lobby.receive("/nick \(name)", from: ann), ann) == ["* you are now \(name)"])
        }
    }

    @Test func `rooms keep their talk to themselves, and go with their last member`() throws {
        var lobby = try party()
        let effects = lobby.receive("/join den", from: ann)
        let den = try #require(ChatName("den"))
        #expect(announced(effects) == ["* guest1 has left lobby", "* guest1 has joined den"])
        #expect(lobby.members(of: lobbyName) == [bob, eve])
        #expect(lobby.members(of: den) == [ann])
        #expect(lobby.receive("hi", from: ann).first == .announce("<guest1> hi", in: den, except: ann))
        #expect(told(lobby.receive("/rooms", from: bob), bob) == ["* den (1), lobby (2)"])
        #expect(told(lobby.receive("/who", from: bob), bob) == ["* in lobby: guest2, guest3"])
        _ = lobby.leave(ann)
        #expect(told(lobby.receive("/rooms", from: bob), bob) == ["* lobby (2)"])
        #expect(told(lobby.receive("/join LOBBY", from: bob), bob) == ["* you are in LOBBY"])
    }

    @Test func `there are only so many rooms and members`() throws {
        var limits = ChatLimits()
        (limits.rooms, limits.members) = (2, 3)
        var lobby = try party(limits)
        #expect(lobby.enter(ChatMember(4)) == nil)
        _ = lobby.receive("/join a", from: ann)
        #expect(told(lobby.receive("/join b", from: bob), bob) == ["* there are too many rooms already"])
        #expect(lobby.members(of: lobbyName) == [bob, eve])
        _ = lobby.leave(ann)
        #expect(told(lobby.receive("/join b", from: bob), bob) == ["* you are in b with nobody else, as guest2"])
    }

    @Test func `history is the last lines, by number and by bytes`() throws {
        var limits = ChatLimits()
        (limits.history, limits.historyBytes) = (3, 60)
        var lobby = try party(limits)
        for number in 1...10 { _ = lobby.receive("line \(number)", from: ann) }
        var late = told(try lobby.admit(ChatMember(4)), ChatMember(4))
        #expect(late.suffix(3) == ["<guest1> line 8", "<guest1> line 9", "<guest1> line 10"])
        _ = lobby.receive(String(repeating: "x", count: 40), from: ann)
        late = told(try lobby.admit(ChatMember(5)), ChatMember(5))
        #expect(late.count == 3 && late[2].hasSuffix("xxx"), "\(late)")
        _ = lobby.receive(String(repeating: "x", count: 61), from: ann)
        #expect(told(try lobby.admit(ChatMember(6)), ChatMember(6)).count == 2)
    }

    @Test func `in a large room nobody is told who comes and goes`() throws {
        var limits = ChatLimits()
        limits.noticed = 3
        var lobby = try party(limits)
        #expect(announced(try lobby.admit(ChatMember(4))).isEmpty)
        #expect(announced(lobby.leave(ChatMember(4))).isEmpty)
        #expect(announced(lobby.leave(eve)) == ["* guest3 has left lobby"])
        // What is said is told all the same.
        #expect(announced(lobby.receive("hi", from: ann)).count == 1)
    }

    @Test func `a whisper reaches one reader`() throws {
        var lobby = try party()
        let effects = lobby.receive("/msg GUEST2 are you there", from: ann)
        #expect(told(effects, bob) == ["[guest1 to you] are you there"])
        #expect(told(effects, ann) == ["[you to guest2] are you there"])
        #expect(told(effects, eve).isEmpty && announced(effects).isEmpty)
        #expect(told(lobby.receive("/msg nobody hi", from: ann), ann) == ["* there is no nobody here"])
        #expect(told(lobby.receive("/msg guest2", from: ann), ann) == ["* usage: /msg NAME TEXT"])
    }

    @Test func `commands that don't exist, help and the end`() throws {
        var lobby = try party()
        #expect(told(lobby.receive("/x", from: ann), ann) == ["* there is no /x; /help tells what there is"])
        #expect(told(lobby.receive("/", from: ann), ann) == ["* there is no /; /help tells what there is"])
        let help = told(lobby.receive("/help", from: ann), ann).joined()
        for command in ["/nick", "/who", "/msg", "/join", "/rooms", "/encoding", "/quit"] {
            #expect(help.contains(command))
        }
        #expect(lobby.receive("/quit", from: ann) == [.tell(["* goodbye"], to: ann), .end(ann)])
        #expect(announced(lobby.leave(ann, because: "why")) == ["* guest1 has left lobby: why"])
        #expect(lobby.receive("hi", from: ann).isEmpty, "one who has left says nothing")
        #expect(lobby.leave(ann).isEmpty)
    }

    @Test func `what happens elsewhere is told in the rooms that are here`() throws {
        var limits = ChatLimits()
        limits.history = 5
        var lobby = try party(limits)
        let zoe = try #require(ChatName("zoe"))
        let said = ChatMessage(.said, room: lobbyName, sender: zoe, text: "hi \u{1B}[1m")
        #expect(lobby.receive(said) == [.announce("<zoe> hi \\u{1B}[1m", in: lobbyName, except: nil)])
        #expect(told(try lobby.admit(ChatMember(4)), ChatMember(4)).last == "<zoe> hi \\u{1B}[1m")
        #expect(lobby.receive(ChatMessage(.said, room: zoe, sender: zoe, text: "x")).isEmpty)
        for kind in ChatMessage.Kind.allCases {
            let line = announced(lobby.receive(ChatMessage(kind, room: lobbyName, sender: zoe, text: "x"))).first
            #expect(line?.contains("zoe") == true)
        }
    }
}

extension ChatLobby {
    /// Somebody comes, for whom there is room.
    fileprivate mutating func admit(_ member: ChatMember) throws -> [ChatEffect] {
        let effects = enter(member)
        return try #require(effects)
    }
}
