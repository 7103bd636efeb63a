// SPDX-License-Identifier: Apache-2.0
import Reactor
import Rooms
import Sockets
import TestSupport
import Testing

/// Members whose clients weave commands into their text, and those whose text only looks like it.
@Suite(.blocking) struct TelnetMembersTests {
    /// What telnet sends for ctrl-C: interrupt, and the wish for a timing mark.
    private static let interrupt: [UInt8] = [0xFF, 0xF4, 0xFF, 0xFD, 0x06]
    /// That it won't mark the time, which is an answer.
    private static let answer: [UInt8] = [0xFF, 0xFC, 0x06]

    /// Ann, who has read everything, and Bob.
    private func withTwo(
        _ settings: ChatServer.Settings = .init(), on ground: Ground,
        _ body: @escaping @Sendable (Guest, Guest) async throws -> Void
    ) async throws {
        try await Party.with(settings, on: ground) { party in
            let (ann, bob) = (try await party.guest("ann"), try await party.guest("bob"))
            try await ann.hears("* guest2 is now bob")
            try await body(ann, bob)
        }
    }

    //
    @Test(arguments: Ground.allCases)
    func `a timing mark is answered at once, and the line that is being written goes on`(ground: Ground) async throws {
        try await withTwo(on: ground) { ann, bob in
            for beginning in ["", "hel"] {
                try await ann.say(bytes: Array(beginning.utf8) + Self.interrupt)
                ann.connection.readDeadline = ann.connection.loop.timeNow.advanced(by: .seconds(20))
                #expect(try await ann.connection.read(exactly: 3) == Self.answer)
            }
            try await ann.say("lo")
            #expect(try await bob.hears("<") == "<ann> hello")
            // An option's parameters, and one that is offered.
            try await ann.say(
                bytes: [0xFF, 0xFA, 0x18, 0x00, 0x41, 0xFF, 0xF0, 0xFF, 0xFB, 0x1F] + Array("end\n".utf8))
            #expect(try await bob.hears("<") == "<ann> end")
            #expect(try await ann.connection.read(exactly: 3) == [0xFF, 0xFE, 0x1F])
        }
    }

    // P12: answers wait as lines do, and nobody has to say a line for it to be noticed.
    @Test(.timeLimit(.minutes(1)))
    func `who asks for ever and reads no answer is let go, with what it has said`() async throws {
        var settings = ChatServer.Settings()
        settings.limits.queue = 10_000
        try await Party.with(settings, on: .memory) { party in
            let flood = Array(repeatElement(Self.interrupt, count: 10_000).joined())
            let client = try await Connector().connect(to: party.address, on: party.loop)
            let error = await #expect(throws: SocketError.self) {
                try await withDeadline(.seconds(60)) { while true { try await client.send(flood) } }
            }
            #expect(error?.reason != .timedOut)
            try await until(on: party.loop) { party.server.connectionCount == 0 }
            client.close()
        }
    }

    /// Bytes of a line, and the text that they are in UTF-8.
    private static let lines: [(bytes: [UInt8], text: String)] = [
        // Go ahead, one byte FF as text, the offer of an option.
        ([0x61, 0xFF, 0xF9, 0x62, 0xFF, 0xFF, 0x63, 0xFF, 0xFB, 0x1F, 0x64], "ab\u{FFFD}cd"),
        // A CR by itself goes with a NUL, and so it is cut out here.
        ([0xFF, 0xF1, 0x78, 0x0D, 0x00, 0x79], "x\\ry"),
        (interrupt + [0xE4, 0xBD, 0xA0] + interrupt + [0xE5, 0xA5, 0xBD], "你好"),
    ]

    //
    @Test(arguments: lines.indices)
    func `commands are taken out however the line is cut`(index: Int) async throws {
        let (bytes, text) = Self.lines[index]
        try await withTwo(on: .memory) { ann, bob in
            for ending: [UInt8] in [[0x0A], [0x0D, 0x0A]] {
                let line = bytes + ending
                for cut in 1...line.count {
                    try await ann.say(bytes: Array(line[..<cut]))
                    try await ann.connection.loop.sleep(for: .milliseconds(10))
                    if cut < line.count { try await ann.say(bytes: Array(line[cut...])) }
                    #expect(try await bob.hears("<") == "<ann> \(text)", "cut at \(cut)")
                }
                for byte in line {
                    try await ann.say(bytes: [byte])
                    try await ann.connection.loop.sleep(for: .milliseconds(10))
                }
                #expect(try await bob.hears("<") == "<ann> \(text)", "byte by byte")
            }
        }
    }

    @Test(arguments: [
        [0xFF], [0xFF, 0x78], [0x78, 0x20, 0xFF], [0xFF, 0xFB], [0xFF, 0xFA, 0x61], [0xFF, 0xFA, 0x61, 0xFF],
        [0xFF, 0xF1, 0x20, 0xFF, 0x20],
    ])
    func `text in Latin-1 that only looks like commands stays text, however it is cut`(text: [UInt8]) async throws {
        var settings = ChatServer.Settings()
        settings.encoding = try TextEncoding("ISO-8859-1")
        try await withTwo(settings, on: .memory) { ann, bob in
            let line = text + [0x0A]
            for cut in 1...line.count {
                try await ann.say(bytes: Array(line[..<cut]))
                try await ann.connection.loop.sleep(for: .milliseconds(10))
                if cut < line.count { try await ann.say(bytes: Array(line[cut...])) }
                var heard = try #require(try await bob.hearBytes())
                while heard.first == UInt8(ascii: "*") { heard = try #require(try await bob.hearBytes()) }
                #expect(heard == Array("<ann> ".utf8) + text, "cut at \(cut)")
            }
            // And the next line is read as ever.
            try await ann.say("hi")
            #expect(try await bob.hears("<") == "<ann> hi")
        }
    }

    @Test func `a line is as long as its text, and a client may say for ever that it is there`() async throws {
        var settings = ChatServer.Settings()
        settings.limits.line = 16
        try await withTwo(settings, on: .memory) { ann, bob in
            let text = String(repeating: "x", count: 16)
            for ending in ["\n", "\r\n"] {
                for number in 0..<40 {
                    try await ann.say(bytes: [0xFF, 0xF1])
                    if number % 10 == 0 { try await ann.connection.loop.sleep(for: .milliseconds(10)) }
                }
                try await ann.say(bytes: Array((text + ending).utf8))
                #expect(try await bob.hears("<") == "<ann> \(text)")
            }
            try await ann.say(bytes: Array(text.utf8) + [0xFF, 0xF1, 0x78])
            #expect(try await ann.hears("* a line") == "* a line may have 16 bytes; goodbye")
            try await bob.hears("* ann has left lobby: its line was too long")
            try await bob.say(bytes: Array(repeating: 0xFF, count: 34) + Array("\n".utf8))
            try await bob.hears("* a line may have 16 bytes")
        }
    }

    @Test func `the last line needs no end, and commands by themselves are none`() async throws {
        try await withTwo(on: .memory) { ann, bob in
            try await bob.say(bytes: Self.interrupt)
            try await bob.connection.shutdownSending()
            #expect(try await ann.hear() == "* bob has left lobby")
        }
        try await withTwo(on: .memory) { ann, bob in
            try await ann.say(bytes: Array("bye".utf8) + Self.interrupt)
            try await ann.connection.shutdownSending()
            #expect(try await bob.hears("<") == "<ann> bye")
        }
    }
}
