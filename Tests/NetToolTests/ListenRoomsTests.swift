// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// `nt listen … chat` and `nt listen … files`, as their users meet them.
@Suite(.blocking) struct ListenRoomsTests {
    private static func hear(_ beginning: String, _ client: SocketFile) throws -> String {
        while let line = try client.hear() { if line.hasPrefix(beginning) { return line } }
        Issue.record("\(beginning) did not come")
        return ""
    }

    @Test func `chat joins whoever comes, with a history, and lets them go`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "chat", "--history", "50")
        let address = try server.address()
        let ann = try SocketFile.connected(to: address)
        #expect(try Self.hear("* welcome", ann).contains("/help"))
        try ann.say("first\n/nick ann\n")
        _ = try Self.hear("* you are now ann", ann)
        let bob = try SocketFile.connected(to: address)
        #expect(try Self.hear("<", bob) == "<guest1> first")
        try bob.say("hello\r\n")
        #expect(try Self.hear("<", ann) == "<guest2> hello")
        try ann.say("\u{1B}[2J\n")
        #expect(try Self.hear("<ann>", bob) == "<ann> \\u{1B}[2J")
        try ann.say("/quit\n")
        _ = try Self.hear("* goodbye", ann)
        #expect(try ann.hear() == nil)
        try server.errorLine(containing: "- ")
        #expect(try server.terminate() == .status(0))
        #expect(server.output.isEmpty && server.errors.contains("\n2 clients, "))
    }

    @Test func `chat in GBK for those who have nothing else`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "chat", "--encoding", "gbk")
        let address = try server.address()
        let (ann, bob) = (try SocketFile.connected(to: address), try SocketFile.connected(to: address))
        _ = try Self.hear("* you are in", ann)
        _ = try Self.hear("* you are in", bob)
        try ann.write([0xC4, 0xE3, 0xBA, 0xC3, 0x0A])
        try ann.flush()
        while let line = try bob.readLine() {
            if line.first != UInt8(ascii: "<") { continue }
            #expect(line.suffix(5).contains(0xC4) && line.contains(0xBA), "\(line)")
            break
        }
        #expect(try server.terminate() == .status(0))
    }

    @Test(.enabled(if: RedisServer.isInstalled, "\(RedisServer.absence)"))
    func `chat shares its rooms by a real Redis, and says when it does and when it does not`() throws {
        let redis = try RedisServer()
        let words = ["listen", "127.0.0.1:0", "chat", "--backplane", "redis://127.0.0.1:\(redis.port)"]
        let one = try ForeignProgram(BuiltProgram.path("nt"), words)
        let other = try ForeignProgram(BuiltProgram.path("nt"), words)
        for server in [one, other] { try server.errorLine(containing: "the rooms are shared by redis://127.0.0.1") }
        let ann = try SocketFile.connected(to: one.address())
        let bob = try SocketFile.connected(to: other.address())
        for client in [ann, bob] { _ = try Self.hear("* you are in", client) }
        try ann.say("/nick ann\nhello\n")
        #expect(try Self.hear("<", bob) == "<ann> hello")
        try bob.say("/nick bob\nyou too\n")
        #expect(try Self.hear("<", ann) == "<bob> you too")
        redis.kill()
        for server in [one, other] { try server.errorLine(containing: "the rooms are not shared for now: ") }
        for server in [one, other] { #expect(try server.terminate() == .status(0)) }
    }

    @Test(.enabled(if: RedisServer.isInstalled, "\(RedisServer.absence)"))
    func `a Redis that wants a password is quoted once, is not pestered, and the chat goes on`() throws {
        let redis = try RedisServer("--requirepass", "s3")
        let server = try ForeignProgram.nt(
            "listen", "127.0.0.1:0", "chat", "--backplane", "redis://127.0.0.1:\(redis.port)")
        try server.errorLine(containing: "not shared for now: receive: Redis says: NOAUTH")
        let address = try server.address()
        let (ann, bob) = (try SocketFile.connected(to: address), try SocketFile.connected(to: address))
        for client in [ann, bob] { _ = try Self.hear("* you are in", client) }
        try ann.say("hello\n")
        #expect(try Self.hear("<", bob).hasSuffix("> hello"))
        let limit = ContinuousClock.now + .seconds(20)
        while try redis.refusals(of: "subscribe") < 4, ContinuousClock.now < limit {}
        #expect(try redis.refusals(of: "subscribe") >= 4)
        #expect(try server.terminate() == .status(0))
        #expect(server.errors.components(separatedBy: "not shared").count == 2, "\(server.errors)")
    }

    // A-157
    @Test(.enabled(if: Installed.has("telnet"), "NOT tested: telnet is not installed: apt-get install telnet"))
    func `after ctrl-C in telnet at a terminal the chat goes on`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "chat")
        let address = try server.address()
        let telnet = try ForeignProgram.atTerminal("telnet", "127.0.0.1", "\(address.split(separator: ":").last ?? "")")
        try telnet.text(upTo: "you are in lobby")
        let bob = try SocketFile.connected(to: address)
        try bob.say("one\n")
        try telnet.text(upTo: "<guest2> one")
        try telnet.write("\u{3}")
        try telnet.text(upTo: "^C")
        // What is said before the answer has come is thrown away, and so telnet asks for it.
        telnet.limit = .milliseconds(200)
        let isHeard = try (0..<50).contains { number in
            try bob.say("two \(number).\n")
            return (try? telnet.text(upTo: "<guest2> two \(number).")) != nil
        }
        telnet.limit = .seconds(20)
        try #require(isHeard)
        try telnet.write("hello\r")
        #expect(try Self.hear("<", bob) == "<guest1> hello")
        #expect(try server.terminate() == .status(0))
    }

    @Test func `files gives what is in a directory and nothing else, and tells who wanted what`() throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.file("share"), withIntermediateDirectories: true)
        try Data("0123456789".utf8).write(to: URL(filePath: folder.file("share/digits")))
        try Data("CANARY".utf8).write(to: URL(filePath: folder.file("secret")))
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "files", folder.file("share"))
        let address = try server.address()
        for (request, answer) in [("digits", "0123456789"), ("../secret", ""), ("missing", "")] {
            let client = try SocketFile.connected(to: address)
            try client.say(request)
            #expect(try client.readToEnd(maximumLength: 100) == Array(answer.utf8), "\(request)")
            try server.line(containing: "  wants \(request)")
        }
        let client = try SocketFile.connected(to: address)
        try client.say("/get 0 - ../secret\n/stat digits\n")
        #expect(try client.hear() == "NO refused")
        #expect(try client.hear()?.hasPrefix("OK 10 0 ") == true)
        try client.finishWriting()
        #expect(try server.terminate() == .status(0))
        #expect(server.output.contains("got 10 bytes of digits"))
    }

    @Test func `files counts the bytes that have passed, of whatever came of them`() throws {
        let folder = try TemporaryDirectory()
        try Data("0123456789".utf8).write(to: URL(filePath: folder.file("digits")))
        _ = try Command.run(["truncate", "-s", "1G", folder.file("holes")])
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "files", folder.path, "--json")
        let listening = try #require(try Events.parse(try server.line() + "\n").first)
        let address = try #require(listening["address"] as? String)
        func counts() throws -> (come: Int?, gone: Int?) {
            let event = try Events.parse(try server.line(containing: "disconnected") + "\n").first
            return (event?["bytes_in"] as? Int, event?["bytes_out"] as? Int)
        }
        for request in ["/stat digits\n", "/get 0 - digits\n", "/get nonsense\n", "digits", "missing"] {
            let client = try SocketFile.connected(to: address)
            try client.say(request)
            try client.finishWriting()
            let answer = try client.readToEnd(maximumLength: 1000)
            let (come, gone) = try counts()
            #expect(come == request.utf8.count && gone == answer.count, "\(request)")
        }
        let client = try SocketFile.connected(to: address)
        try client.say("holes")
        #expect(try client.read(exactly: 1 << 20).count == 1 << 20)
        try client.shared.socket.set(.linger, to: .reset)
        _ = consume client
        let (come, gone) = try counts()
        #expect(come == 5 && (1 << 20..<1 << 30).contains(gone ?? 0))
    }

    @Test(arguments: [
        (["listen", ":0", "echo", "--history", "5"], "are for nt listen with chat"),
        (["listen", ":0", "chat", "--history", "-1"], "--history"),
        (["listen", ":0", "chat", "x"], "chat takes no \"x\""),
        (["listen", ":0", "chat", "--encoding", "utf-16"], "no lines in UTF-16"),
        (["listen", ":0", "chat", "--mode", "loops"], "share one thread"),
        (["listen", "udp://:0", "chat"], "need a stream"),
        (["listen", ":0", "chat", "--backplane", "http://h"], "redis://"),
        (["listen", ":0", "files", "a", "b"], "files takes one directory"),
    ])
    func `what makes no sense is refused`(words: [String], message: String) {
        let run = ToolRun(words)
        #expect(run.status == .usage && run.errors.contains(message), "\(run.errors)")
    }

    @Test func `a directory that is not there is told at once`() {
        let run = ToolRun("listen", "127.0.0.1:0", "files", "/no/such/directory")
        #expect(run.status == .noInput && run.errors.contains("not found"), "\(run.errors)")
    }
}
