// SPDX-License-Identifier: Apache-2.0
import Reactor
import Rooms
import Sockets
import Synchronization
import TestSupport
import Testing
import Wire

@Suite(.blocking) struct ChatServerTests {
    @Test(arguments: Ground.allCases)
    func `what one says all others read, and nobody else`(ground: Ground) async throws {
        try await Party.with(on: ground) { party in
            let (ann, bob, eve) = (
                try await party.guest("ann"), try await party.guest("bob"), try await party.guest("eve")
            )
            try await eve.say("/join den")
            try await eve.hears("* you are in den")
            try await ann.say("hello")
            #expect(try await bob.hears("<") == "<ann> hello")
            try await bob.say("hello yourself")
            #expect(try await ann.hears("<") == "<bob> hello yourself")
            try await eve.say("/quit")
            #expect(try await eve.hearsEnd() == ["* goodbye"])
            #expect(try await party.chat.memberCount() == 2)
            bob.leave()
            try await ann.hears("* bob has left")
        }
    }

    @Test(arguments: Ground.allCases)
    func `lines in one piece, in bits, and without an end all count`(ground: Ground) async throws {
        try await Party.with(on: ground) { party in
            let (ann, bob) = (try await party.guest("ann"), try await party.guest("bob"))
            try await ann.say(bytes: Array("one\ntwo\r\nthr".utf8))
            for byte in "ee\r\nfour".utf8 { try await ann.say(bytes: [byte]) }
            try await ann.connection.shutdownSending()
            for word in ["one", "two", "three", "four"] { #expect(try await bob.hears("<") == "<ann> \(word)") }
            try await bob.hears("* ann has left")
        }
    }

    @Test(arguments: Ground.allCases)
    func `UTF-8 and GBK peers read each other in one room`(ground: Ground) async throws {
        try await Party.with(on: ground) { party in
            let (ann, bob) = (try await party.guest("ann"), try await party.guest("bob"))
            try await bob.say("/encoding gbk")
            try await bob.hears("* your text is GBK now")
            try await ann.say("你好, bob")
            let heard = try #require(try await bob.hearBytes())
            #expect(try heard.decoded(as: .gbk) == "<ann> 你好, bob")
            try await bob.say(bytes: try "中文 works\n".encoded(as: .gbk))
            #expect(try await ann.hears("<") == "<bob> 中文 works")
            // What GBK lacks is a question mark there; what is no GBK is U+FFFD here; and the talk goes on.
            try await ann.say("é🙂!")
            #expect(try #require(try await bob.hearBytes()).decoded(as: .gbk).hasSuffix("?!"))
            try await bob.say(bytes: [0xFF, 0x80, 0x0A])
            #expect(try await ann.hears("<").contains("\u{FFFD}"))
            for name in ["utf-16le", "no-such", "gbk\u{1B}"] {
                try await bob.say("/encoding \(name)")
                try await bob.hears("* no lines in")
            }
            try await ann.say("still here")
            #expect(try await bob.hears("<") == "<ann> still here")
        }
    }

    @Test func `a chat of GBK by default speaks it from the first word`() async throws {
        var settings = ChatServer.Settings()
        settings.encoding = .gbk
        try await Party.with(settings, on: .memory) { party in
            let (ann, bob) = (try await party.guest(), try await party.guest())
            try await ann.say(bytes: try "你好\n".encoded(as: .gbk))
            #expect(try await bob.hearBytes() == "<guest1> 你好".encoded(as: .gbk))
        }
        settings.encoding = .utf16LE
        let unusable = settings
        try await withLoop(of: .memory) { loop in
            #expect(throws: ChatError.encoding("UTF-16LE")) { try ChatServer(unusable, on: loop) }
        }
    }

    @Test func `history greets those who come late`() async throws {
        var settings = ChatServer.Settings()
        settings.limits.history = 50
        try await Party.with(settings, on: .memory) { party in
            let ann = try await party.guest("ann")
            for number in 1...60 { try await ann.say("line \(number)") }
            try await ann.say("/who")
            try await ann.hears("* in lobby")
            let bob = try await party.guest()
            #expect(try await bob.hear() == "<ann> line 11")
            for number in 12...60 { #expect(try await bob.hear() == "<ann> line \(number)") }
        }
    }

    // P13
    @Test(arguments: Ground.allCases)
    func `a line over the limit ends its member, who is told`(ground: Ground) async throws {
        var settings = ChatServer.Settings()
        settings.limits.line = 100
        try await Party.with(settings, on: ground) { party in
            let (ann, bob) = (try await party.guest("ann"), try await party.guest("bob"))
            try await ann.say(String(repeating: "x", count: 100))
            #expect(try await bob.hears("<").utf8.count == 106)
            try await ann.say(String(repeating: "x", count: 101))
            try await ann.hears("* a line may have 100 bytes")
            #expect(try await ann.hear() == nil)
            #expect(try await bob.hears("* ann has left") == "* ann has left lobby: its line was too long")
        }
    }

    @Test func `one more than there may be is told so`() async throws {
        var settings = ChatServer.Settings()
        settings.limits.members = 1
        try await Party.with(settings, on: .memory) { party in
            let ann = try await party.guest()
            let late = Guest(try await Connector().connect(to: party.address, on: party.loop))
            #expect(try await late.hearsEnd() == ["* the chat is full"])
            ann.leave()
        }
    }

    @Test func `draining lets the members go, with what they were told`() async throws {
        try await withLoop(of: .real) { loop in
            let guests = Mutex<[Guest]>([])
            try await Party.with(on: loop) { party in
                for _ in 0..<20 {
                    let guest = try await party.guest()
                    guests.withLock { $0.append(guest) }
                }
                try await guests.withLock { $0 }[0].say("the last word")
                try await guests.withLock { $0 }[1].hears("<guest1> the last word")
            }
            for guest in guests.withLock({ $0 }).dropFirst(2) {
                #expect(try await guest.hearsEnd().contains("<guest1> the last word"))
            }
        }
    }

    @Test func `a connection of another loop is refused with a reason`() async throws {
        try await withLoop(of: .real) { loop in
            let other = try LoopThread()
            defer { other.stop() }
            let chat = try ChatServer(on: other.loop)
            let (near, far) = try await Connection.pair(on: loop)
            await #expect(throws: SocketError.self) { try await chat.serve(near) }
            near.close()
            far.close()
        }
    }

    /// The same program twice in virtual time does the same.
    @Test func `in memory a chat repeats itself exactly`() async throws {
        let runs = Mutex<[[String]]>([])
        for _ in 0..<2 {
            try await Party.with(on: .memory) { party in
                let (ann, bob) = (try await party.guest("ann"), try await party.guest("bob"))
                for number in 0..<50 {
                    try await ann.say("a\(number)")
                    try await bob.say("b\(number)")
                }
                try await ann.say("/quit")
                try await bob.say("/quit")
                let heard = try await ann.hearsEnd() + bob.hearsEnd()
                runs.withLock { $0.append(heard) }
            }
        }
        let (first, second) = runs.withLock { ($0[0], $0[1]) }
        #expect(first == second && first.count > 50)
    }
}
