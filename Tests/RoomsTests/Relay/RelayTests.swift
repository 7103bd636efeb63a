// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import TestSupport
import Testing

@testable import Rooms

/// A relay that is being served.
private struct Post: Sendable {
    let loop: EventLoop
    let address: SocketAddress
    let relay: RelayServer

    static func with(
        at endpoint: String = "127.0.0.4:0", on loop: EventLoop, _ body: @escaping @Sendable (Post) async throws -> Void
    ) async throws {
        let relay = RelayServer(on: loop)
        let server = try await Server(on: endpoint, loop: loop) { try await relay.serve($0) }
        let address = try #require(server.addresses.first)
        let socket = try await DatagramSocket(on: address, loop: loop)
        let running = start { try await relay.run(hearing: socket) { try await server.run() } }
        do { try await body(Post(loop: loop, address: address, relay: relay)) } catch {
            server.drain(within: .zero)
            socket.close()
            _ = try? await running.value
            throw error
        }
        server.drain(within: .seconds(5))
        socket.close()
        try await running.value
    }

    /// Somebody who speaks to the relay by hand.
    func byHand(_ lines: String...) async throws -> Guest {
        let guest = Guest(try await Connector().connect(to: address, on: loop))
        for line in lines { try await guest.say(line) }
        return guest
    }
}

@Suite(.blocking) struct RelayTests {
    private let ann = ChatName(known: "ann")
    private let bob = ChatName(known: "bob")

    //
    @Test(arguments: Ground.allCases)
    func `two clients that log in by TCP talk by UDP directly`(ground: Ground) async throws {
        let (ann, bob) = (ann, bob)
        try await withLoop(of: ground) { loop in
            try await Post.with(on: loop) { post in
                try await RelayClient.run(as: ann, at: post.address, on: loop) { (here) async throws in
                    try await RelayClient.run(as: bob, at: post.address, on: loop) { (there) async throws in
                        for number in 0..<20 {
                            #expect(try await here.send("hi \(number)", to: bob) == .direct)
                            #expect(try await there.next() == .message("hi \(number)", from: ann, isDirect: true))
                        }
                        #expect(try await there.send("你好", to: ann) == .direct)
                        #expect(try await here.next() == .message("你好", from: bob, isDirect: true))
                    }
                    try await here.watch(bob)
                    while try await here.next() != .offline(bob) {}
                    #expect(try await here.send("still there?", to: bob) == .nobody)
                }
            }
        }
    }

    //
    @Test(arguments: Ground.allCases)
    func `the server passes on what has no direct way`(ground: Ground) async throws {
        let (ann, bob) = (ann, bob)
        try await withLoop(of: ground) { loop in
            try await Post.with(on: loop) { post in
                try await RelayClient.run(as: ann, at: post.address, on: loop) { (here) async throws in
                    // One without UDP, and then one whose port nobody hears.
                    try await RelayClient.run(as: bob, at: post.address, isDirect: false, on: loop) {
                        (there) async throws in
                        #expect(try await here.send("by way of you", to: bob) == .relayed(1))
                        #expect(try await there.next() == .message("by way of you", from: ann, isDirect: false))
                    }
                    try await here.watch(bob)
                    while try await here.next() != .offline(bob) {}
                    let deaf = try await post.byHand("LOGIN bob 9")
                    try await deaf.hears("WELCOME")
                    #expect(try await here.send("knock", to: bob) == .relayed(1))
                    #expect(try await deaf.hears("FROM").hasSuffix(" knock"))
                    // And what is too long for a datagram.
                    deaf.leave()
                    while try await here.next() != .offline(bob) {}
                    try await RelayClient.run(as: bob, at: post.address, on: loop) { (there) async throws in
                        let long = String(repeating: "x", count: 3000)
                        #expect(try await here.send(long, to: bob) != .direct)
                        #expect(try await there.next() == .message(long, from: ann, isDirect: false))
                    }
                }
            }
        }
    }

    //
    @Test(arguments: Ground.allCases)
    func `several clients of one user run on one host, each with a port of its own`(ground: Ground) async throws {
        let (ann, bob) = (ann, bob)
        try await withLoop(of: ground) { loop in
            try await Post.with(on: loop) { post in
                try await RelayClient.run(as: bob, at: post.address, on: loop) { (first) async throws in
                    try await RelayClient.run(as: bob, at: post.address, on: loop) { (second) async throws in
                        try await RelayClient.run(as: ann, at: post.address, on: loop) { (here) async throws in
                            #expect(first.session != second.session)
                            #expect(try await here.send("to both", to: bob) == .direct)
                            for client in [first, second] {
                                #expect(try await client.next() == .message("to both", from: ann, isDirect: true))
                            }
                            // The user's own other client reads what the first one says to the user.
                            #expect(try await first.send("note", to: bob) == .direct)
                            #expect(try await second.next() == .message("note", from: bob, isDirect: true))
                            // With one that has no direct way both still read it once.
                            let third = try await post.byHand("LOGIN bob 0")
                            try await third.hears("WELCOME")
                            #expect(try await here.send("to three", to: bob) == .relayed(3))
                            #expect(try await third.hears("FROM").hasSuffix(" to three"))
                            for client in [first, second] {
                                #expect(try await client.next() == .message("to three", from: ann, isDirect: false))
                            }
                        }
                    }
                }
            }
        }
    }

    @Test func `who is watched is told of, once for all clients of the user`() async throws {
        let (ann, bob) = (ann, bob)
        try await withLoop(of: .memory) { loop in
            try await Post.with(on: loop) { post in
                try await RelayClient.run(as: ann, at: post.address, on: loop) { (here) async throws in
                    try await here.watch(bob)
                    #expect(try await here.next() == .offline(bob))
                    try await RelayClient.run(as: bob, at: post.address, on: loop) { _ in
                        #expect(try await here.next() == .online(bob))
                        try await RelayClient.run(as: bob, at: post.address, on: loop) { _ in }
                    }
                    #expect(try await here.next() == .offline(bob))
                }
            }
        }
    }

    @Test func `hosts of their own reach each other directly`() async throws {
        let network = SimulatedNetwork()
        let hosts = try ["relay", "one", "two"].map { try network.host($0) }
        let (ann, bob) = (ann, bob)
        try await network.run(on: hosts[0]) {
            try await Post.with(at: "\(try #require(hosts[0].addresses.first)):5000", on: hosts[0].loop) { post in
                let listening = Task(executorPreference: hosts[2].loop) {
                    try await RelayClient.run(as: bob, at: post.address, on: hosts[2].loop) { (there) async throws in
                        try await there.next()
                    }
                }
                let route = try await RelayClient.run(as: ann, at: post.address, on: hosts[1].loop) {
                    (here) async throws in
                    try await here.watch(bob)
                    while try await here.next() != .online(bob) {}
                    return try await here.send("hello", to: bob)
                }
                #expect(route == .direct)
                #expect(try await listening.value == .message("hello", from: ann, isDirect: true))
            }
        }
    }

    @Test func `who does not keep to the rules is told so`() async throws {
        try await withLoop(of: .memory) { loop in
            try await Post.with(on: loop) { post in
                let stranger = try await post.byHand("FIND bob")
                #expect(try await stranger.hearsEnd() == ["REFUSED LOGIN first"])
                let guest = try await post.byHand(
                    "LOGIN ann 0", "LOGIN eve 0", "NONSENSE \u{1B}", "TO bob x y", "FIND bob", "TO bob 1 hi", "QUIT")
                let lines = try await guest.hearsEnd()
                #expect(lines.count == 6 && lines[0].hasPrefix("WELCOME "))
                #expect(lines[1] == "REFUSED you are ann")
                #expect(lines[2] == "REFUSED no command in NONSENSE \\u{1B}")
                #expect(Array(lines[4...]) == ["FOUND bob 0", "SENT 1 0"])
                let silent = try await post.byHand()
                let begin = loop.timeNow
                #expect(try await silent.hearsEnd() == [])
                #expect(begin.duration(to: loop.timeNow) < .seconds(15))
            }
        }
    }

    @Test func `who talks without logging in is let go as one that is silent`() async throws {
        try await withLoop(of: .memory) { loop in
            try await Post.with(on: loop) { post in
                let talker = try await post.byHand("NONSENSE")
                let begin = loop.timeNow
                #expect(try await talker.hearsEnd() == ["REFUSED no command in NONSENSE"])
                #expect(begin.duration(to: loop.timeNow) < .seconds(15))
            }
        }
    }

    // The longest name, and as many bytes as a line holds: control bytes, and bytes that are no text.
    @Test(arguments: [0x01, 0xFF] as [UInt8])
    func `the longest text harms nobody, whatever is in it`(byte: UInt8) async throws {
        let name = ChatName(known: String(repeating: "名", count: ChatName.maximumLength))
        let bob = bob
        try await withLoop(of: .memory) { loop in
            try await Post.with(on: loop) { post in
                try await RelayClient.run(as: bob, at: post.address, on: loop) { (there) async throws in
                    let sender = try await post.byHand("LOGIN \(name) 0", "TO bob 1 before")
                    let command = Array("TO bob 2 ".utf8)
                    let text = [UInt8](repeating: byte, count: RelayCommand.maximumLength - command.count)
                    try await sender.connection.send(command + text + Array("\n".utf8))
                    try await sender.say("TO bob 3 after")
                    let expected = ["before", String(decoding: text, as: UTF8.self).legible, "after"]
                    for text in expected {
                        #expect(try await there.next() == .message(text, from: name, isDirect: false))
                    }
                    try await sender.say("QUIT")
                    _ = try await sender.hearsEnd()
                }
            }
        }
    }

    @Test func `a client is used from anywhere`() async throws {
        let (ann, bob) = (ann, bob)
        try await withLoop(of: .real) { loop in
            try await Post.with(on: loop) { post in
                try await RelayClient.run(as: ann, at: post.address, on: loop) { (here) async throws in
                    try await RelayClient.run(as: bob, at: post.address, on: loop) { (there) async throws in
                        let event = Task.detached {
                            #expect(!loop.isCurrent)
                            #expect(try await here.send("from elsewhere", to: bob) == .direct)
                            return try await there.next()
                        }
                        #expect(try await event.value == .message("from elsewhere", from: ann, isDirect: true))
                    }
                }
            }
        }
    }

    @Test func `a word that nobody has given is no way in`() async throws {
        var registry = RelayRegistry(randomness: .seeded(1))
        let host = try IPAddress("192.0.2.1")
        _ = registry.receive(.login(ann, 4000), from: 1, at: host)
        guard case .send(.welcome(_, let token), _) = registry.receive(.login(bob, 0), from: 2, at: host)[0] else {
            Issue.record("bob is not let in")
            return
        }
        #expect(registry.observe("guess", from: SocketAddress(host, 1)) == false)
        #expect(registry.receive(.find(bob), from: 1, at: host) == [.send(.found(bob, 1), to: 1)], "no address yet")
        let seen = SocketAddress(try IPAddress("198.51.100.7"), 7)
        #expect(registry.observe(token, from: seen) == true)
        let effects = registry.receive(.find(bob), from: 1, at: host)
        guard case .send(.call(let call), 2) = effects[0], case .send(.at(let at), 1) = effects[1] else {
            Issue.record("\(effects)")
            return
        }
        #expect(at.address == seen && call.address == SocketAddress(host, 4000) && at.key == call.key)
    }

    @Test func `limits hold`() throws {
        var limits = RelayRegistry.Limits()
        (limits.sessions, limits.sessionsPerName, limits.watches) = (3, 2, 1)
        var registry = RelayRegistry(limits: limits, randomness: .seeded(1))
        func isIn(_ effects: [RelayRegistry.Effect]) -> Bool {
            if case .send(.welcome, _)? = effects.first { true } else { false }
        }
        #expect(isIn(registry.receive(.login(ann, 0), from: 1, at: nil)))
        #expect(isIn(registry.receive(.login(ann, 0), from: 2, at: nil)))
        #expect(!isIn(registry.receive(.login(ann, 0), from: 3, at: nil)))
        #expect(isIn(registry.receive(.login(bob, 0), from: 3, at: nil)))
        #expect(!isIn(registry.receive(.login(bob, 0), from: 4, at: nil)))
        #expect(registry.receive(.watch(bob), from: 1, at: nil) == [.send(.online(bob), to: 1)])
        #expect(registry.receive(.watch(ann), from: 1, at: nil) == [.send(.refused("you watch 1 already"), to: 1)])
        #expect(registry.logOut(3) == [.send(.offline(bob), to: 1)])
        #expect(registry.logOut(3).isEmpty && registry.sessionCount == 2)
    }

    // P2
    @Test func `mutated lines and datagrams never trap, and what is written is read again`() throws {
        let who = RelayContact(name: ann, session: 7, address: try SocketAddress("[::1]:5"), key: "k")
        let notices: [RelayNotice] = [
            .welcome(session: 1, token: "t"), .refused("a b c"), .online(ann), .offline(bob), .at(who), .call(who),
            .found(ann, 3), .text("a  b c", from: ann, session: 1, number: 2), .sent(number: 3, count: 4),
        ]
        let commands: [RelayCommand] = [
            .login(ann, 5), .watch(bob), .find(bob), .text(" a b ", to: ann, number: 5), .quit,
        ]
        let datagrams: [RelayDatagram] = [
            .here(token: "t"), .seen(token: "t"), .hello(key: "k"), .heard(key: "k"),
            .text("a b  c", key: "k", number: 4), .got(key: "k", number: 9),
        ]
        for notice in notices { #expect(RelayNotice(notice.line) == notice) }
        for command in commands { #expect(RelayCommand(command.line) == command) }
        for datagram in datagrams { #expect(RelayDatagram(datagram.bytes) == datagram) }
        var generator = SeededGenerator(seed: 103)
        let samples =
            notices.map { Array($0.line.utf8) } + commands.map { Array($0.line.utf8) } + datagrams.map(\.bytes)
        for _ in 0..<repetitions(5_000, soak: 10_000_000) {
            var bytes = samples.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(
                    in: .min ... .max, using: &generator)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            if let notice = RelayNotice(text) { #expect(RelayNotice(notice.line) == notice) }
            if let command = RelayCommand(text) { #expect(RelayCommand(command.line) == command) }
            if let datagram = RelayDatagram(bytes) { #expect(RelayDatagram(datagram.bytes) == datagram) }
        }
    }
}
