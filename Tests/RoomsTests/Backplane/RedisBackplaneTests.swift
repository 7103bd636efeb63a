// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

@testable import Rooms

/// Two chats, as on two machines, that share their rooms by a real Redis.
@Suite(.blocking, .enabled(if: RedisServer.isInstalled, "\(RedisServer.absence)"))
struct RedisBackplaneTests {
    /// Whether each of the backplanes hears the others.
    private final class Links: Sendable {
        private let connected = Mutex<[Int: Bool]>([:])

        func note(_ event: RedisBackplane.Event, of number: Int) {
            connected.withLock { $0[number] = event == .connected }
        }

        func areAll(_ state: Bool, _ count: Int) -> Bool {
            connected.withLock { links in (0..<count).allSatisfy { links[$0] == state } }
        }
    }

    /// Two chats that hear each other.
    private func withTwo(
        at url: String,
        _ body: @escaping @Sendable (Party, Party, _ areLinked: @Sendable (Bool) -> Bool) async throws -> Void
    ) async throws {
        let links = Links()
        try await withLoop(of: .real) { loop in
            @Sendable func backplane(_ number: Int) throws -> RedisBackplane {
                RedisBackplane(at: try RedisAddress(url)) { links.note($0, of: number) }
            }
            try await Party.with(backplane: try backplane(0), on: loop) { one in
                try await Party.with(backplane: try backplane(1), on: loop) { other in
                    try await until(on: loop) { links.areAll(true, 2) }
                    try await body(one, other) { links.areAll($0, 2) }
                }
            }
        }
    }

    @Test func `what is said on one machine is read on the other, once`() async throws {
        let redis = try RedisServer()
        try await withTwo(at: "redis://127.0.0.1:\(redis.port)") { one, other, _ in
            let (ann, bob) = (try await one.guest("ann"), try await other.guest("bob"))
            try await ann.hears("* guest1 is now bob")
            for number in 0..<200 { try await ann.say("n\(number)") }
            for number in 0..<200 { #expect(try await bob.hears("<") == "<ann> n\(number)") }
            try await bob.say("enough")
            #expect(try await ann.hears("<") == "<bob> enough", "and nobody hears himself")
            // Rooms by name, wherever they are.
            try await ann.say("/join den")
            try await bob.hears("* ann has left lobby")
            try await bob.say("/join den")
            try await ann.hears("* bob has joined den")
            try await ann.say("here")
            #expect(try await bob.hears("<") == "<ann> here")
        }
    }

    @Test func `the broker dies and comes back, local talk goes on, and no message comes twice`() async throws {
        let redis = try RedisServer()
        nonisolated(unsafe) let broker = redis
        try await withTwo(at: "redis://127.0.0.1:\(redis.port)") { one, other, areLinked in
            let (ann, eve, bob) = (
                try await one.guest("ann"), try await one.guest("eve"), try await other.guest("bob")
            )
            try await ann.say("before")
            #expect(try await bob.hears("<") == "<ann> before")
            for round in 0..<2 {
                broker.kill()
                try await until(on: one.loop) { areLinked(false) }
                for number in 0..<20 {
                    try await ann.say("away \(round) \(number)")
                    #expect(try await eve.hears("<ann> away") == "<ann> away \(round) \(number)")
                }
                try broker.start()
                try await until(on: one.loop) { areLinked(true) }
                try await ann.say("after \(round)")
                // What was kept may have come before it, in its order, and each line once.
                var heard: [String] = []
                while heard.last != "<ann> after \(round)" { heard.append(try await bob.hears("<ann> ")) }
                #expect(Set(heard).count == heard.count, "\(heard)")
                let kept = heard.dropLast()
                #expect(kept == (0..<20).map { "<ann> away \(round) \($0)" }.suffix(kept.count)[...])
            }
        }
    }

    @Test func `a password is given, and a wrong one is told without being told`() async throws {
        let redis = try RedisServer("--requirepass", "s3cret@:")
        try await withTwo(at: "redis://:s3cret%40%3A@127.0.0.1:\(redis.port)/0?channel=other") { one, other, _ in
            let (ann, bob) = (try await one.guest("ann"), try await other.guest("bob"))
            try await ann.say("hi")
            #expect(try await bob.hears("<") == "<ann> hi")
        }
        let reasons = Mutex<[String]>([])
        let address = try RedisAddress("redis://:wr0ng@127.0.0.1:\(redis.port)")
        try await withLoop(of: .real) { loop in
            let backplane = RedisBackplane(at: address) { event in
                if case .disconnected(let reason) = event { reasons.withLock { $0.append(reason) } }
            }
            try await Party.with(backplane: backplane, on: loop) { _ in
                try await until(on: loop) { !reasons.withLock { $0 }.isEmpty }
            }
        }
        let told = reasons.withLock { $0[0] }
        #expect(told.contains("Redis says") && !told.contains("wr0ng"), "\(told)")
        #expect(!"\(address)".contains("wr0ng"))
    }

    // The password is missing; the user may not publish, or not subscribe either.
    @Test(arguments: [("", "NOAUTH"), ("mute:pw@", "NOPERM"), ("deaf:pw@", "NOPERM")])
    func `a server that refuses is quoted once, and local talk goes on`(user: String, words: String) async throws {
        let redis = try RedisServer("--requirepass", "s3")
        for (user, rights) in [("mute", "-publish"), ("deaf", "-subscribe")] {
            _ = try redis.command(
                "ACL", "SETUSER", user, "on", ">pw", "&*", "+@all", rights, environment: ["REDISCLI_AUTH": "s3"])
        }
        let events = Mutex<[RedisBackplane.Event]>([])
        let address = try RedisAddress("redis://\(user)127.0.0.1:\(redis.port)")
        nonisolated(unsafe) let broker = redis
        try await withLoop(of: .real) { loop in
            let backplane = RedisBackplane(at: address) { event in events.withLock { $0.append(event) } }
            try await Party.with(backplane: backplane, on: loop) { party in
                let (ann, bob) = (try await party.guest("ann"), try await party.guest("bob"))
                try await until(on: loop) {
                    // Each time it was refused again.
                    let refused = try broker.refusals(of: user.hasPrefix("mute") ? "publish" : "subscribe")
                    return refused >= 3 && events.withLock { !$0.isEmpty }
                }
                try await ann.say("hi")
                #expect(try await bob.hears("<") == "<ann> hi")
            }
        }
        let told = events.withLock { $0.filter { $0 != .connected } }
        #expect(told.count == 1 && "\(told)".contains("Redis says: \(words)"), "\(told)")
    }

    @Test func `what a stranger writes to the channel harms nobody`() async throws {
        let redis = try RedisServer()
        nonisolated(unsafe) let broker = redis
        try await withTwo(at: "redis://127.0.0.1:\(redis.port)") { one, _, _ in
            let ann = try await one.guest("ann")
            let room = ChatLobby.firstRoom
            let zoe = try #require(ChatName("zoe"))
            func message(_ number: UInt64, _ text: String) -> String {
                let message = ChatMessage(.said, room: room, sender: zoe, text: text)
                let bytes = BackplaneMessage(origin: "stranger", number: number, message: message).bytes
                return String(decoding: bytes, as: UTF8.self)
            }
            for text in ["", "x", "3:nt1,", "3:nt1,1:a,1:1,3:say,5:lobby,3:zoe,9:unfinished"] {
                _ = try broker.command("PUBLISH", "netwright:chat", text)
            }
            let first = message(7, "first")
            for _ in 0..<3 { _ = try broker.command("PUBLISH", "netwright:chat", first) }
            _ = try broker.command("PUBLISH", "netwright:chat", message(6, "late"))
            _ = try broker.command("PUBLISH", "netwright:chat", message(8, "last"))
            #expect(try await ann.hears("<") == "<zoe> first")
            #expect(try await ann.hears("<") == "<zoe> last")
        }
    }
}

@Suite(.blocking) struct BackplaneMessageTests {
    @Test func `messages survive the way, and nothing else is one`() throws {
        let (room, ann) = (try #require(ChatName("客厅")), try #require(ChatName("ann")))
        for kind in ChatMessage.Kind.allCases {
            let message = BackplaneMessage(
                origin: "o", number: .max, message: ChatMessage(kind, room: room, sender: ann, text: "a:1,b"))
            if kind == .renamed { continue }
            #expect(BackplaneMessage(message.bytes) == message)
        }
        let good = "3:nt1,1:o,1:1,3:say,5:lobby,3:ann,2:hi,"
        #expect(BackplaneMessage(Array(good.utf8)) != nil)
        for (part, bad) in [
            ("nt1", "nt2"), ("1:1,", "1:x,"), ("say", "cry"), ("lobby", "lo by"), ("ann", "a/n"), ("2:hi,", "2:hi,0:,"),
            ("2:hi,", "2:hi"), ("1:o,", "0:,"),
        ] {
            #expect(BackplaneMessage(Array(good.replacing(part, with: bad).utf8)) == nil, "\(bad)")
        }
        let evil = BackplaneMessage(Array("3:nt1,1:o,1:1,3:say,5:lobby,3:ann,4:\u{1B}[2J,".utf8))
        #expect(evil?.message.text == "\\u{1B}[2J")
    }

    @Test(arguments: ["\u{9B}", "a", "\u{1F600}"])
    func `a text that is too long is cut, and says so`(letter: String) throws {
        let limit = BackplaneMessage.maximumTextLength
        let name = ChatLobby.firstRoom
        for count in [100, 16_384, limit - 1, limit, limit + 1, limit + 2, limit * 2] {
            let message = ChatMessage(.said, room: name, sender: name, text: String(repeating: letter, count: count))
            let bytes = BackplaneMessage(origin: "o", number: .max, message: message).bytes
            let got = try #require(BackplaneMessage(bytes), "\(count)").message.text
            if message.text.utf8.count <= limit { #expect(got == message.text) }
            if message.text.utf8.count > limit {
                #expect(got.hasSuffix("…") && message.text.hasPrefix(got.dropLast()))
                #expect(limit - 4...limit ~= got.utf8.count, "\(got.utf8.count) of \(count)")
            }
        }
    }

    @Test func `what was seen is known again, for so many origins`() throws {
        let name = ChatLobby.firstRoom
        func message(_ origin: Int, _ number: UInt64) -> BackplaneMessage {
            BackplaneMessage(origin: "\(origin)", number: number, message: ChatMessage(.said, room: name, sender: name))
        }
        var seen = SeenMessages()
        #expect(seen.isNew(message(0, 5)) == true)
        #expect(seen.isNew(message(0, 5)) == false)
        #expect(seen.isNew(message(0, 4)) == false)
        #expect(seen.isNew(message(0, 6)) == true)
        for origin in 1...SeenMessages.maximumOrigins { #expect(seen.isNew(message(origin, 1)) == true) }
        // The one that was silent longest is forgotten.
        #expect(seen.isNew(message(0, 6)) == true)
        #expect(seen.isNew(message(SeenMessages.maximumOrigins, 1)) == false)
    }

    @Test(arguments: [
        "redis://localhost", "redis://localhost:6380", "redis://user:pw@[::1]:1/0", "redis://[::1]",
        "redis://:pw@h?channel=a%20b",
    ])
    func `an address is read`(text: String) throws {
        let address = try RedisAddress(text)
        #expect(!"\(address)".contains("pw"))
        #expect(address.password == (text.contains("pw") ? "pw" : nil))
        #expect(address.channel == (text.contains("channel") ? "a b" : RedisAddress.defaultChannel))
        #expect(
            "\(address.endpoint)".hasSuffix(text.contains(":6380") ? ":6380" : text.contains(":1/") ? ":1" : ":6379"))
    }

    @Test(arguments: [
        "", "localhost", "http://h", "redis://", "redis://h/x", "redis://h?x=1", "redis://h?channel=", "redis://h:x",
        "redis://:%4@h", "redis://:%zz@h",
    ])
    func `what is no address is refused`(text: String) {
        #expect(throws: RedisAddress.Malformed.self) { try RedisAddress(text) }
    }
}
