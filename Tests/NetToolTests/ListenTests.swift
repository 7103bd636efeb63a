// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

extension ForeignProgram {
    /// `nt` itself.
    static func nt(_ words: String...) throws -> ForeignProgram { try ForeignProgram(BuiltProgram.path("nt"), words) }

    /// Where an `nt listen` listens, by its banner: the first address of it.
    func address(_ kind: String = "") throws -> String {
        let words = try errorLine(containing: "listening \(kind)").split(separator: " ").map(String.init)
        return words[words[1] == "tcp" || words[1] == "udp" ? 2 : 1]
    }

    /// Ends it as a service manager does, and returns how it ended.
    func terminate() throws -> Exit {
        send(signal: SIGTERM)
        return try exit()
    }
}

extension SocketFile {
    /// A client of a server that listens there.
    static func connected(to address: String) throws -> SocketFile {
        var socket = try Socket.connecting(to: address, within: .seconds(20))
        try socket.setTimeLimit(.seconds(20))
        return SocketFile(socket)
    }

    func say(_ text: String) throws {
        try write(text)
        try flush()
    }

    func hear() throws -> String? { try readLine().map { String(decoding: $0, as: UTF8.self) } }
}

@Suite(.blocking) struct ListenTests {
    @Test func `echo sends back what comes, and says who came and went on standard error alone`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let address = try server.address()
        #expect(address.hasPrefix("127.0.0.1:"))
        let client = try SocketFile.connected(to: address)
        let own = "\(try client.shared.socket.localAddress)"
        try server.errorLine(containing: "+ \(own)")
        try client.say("héllo")
        try client.finishWriting()
        #expect(try client.readToEnd(maximumLength: 100) == Array("héllo".utf8))
        #expect(try server.errorLine(containing: "- ") == "- \(own)  6 bytes in, 6 out")
        #expect(try server.terminate() == .status(0))
        #expect(server.output.isEmpty)
        #expect(server.errors.contains("\n1 client, 6 bytes in, 6 out, up "))
    }

    // A-070: the time in front of what came, as a line protocol
    @Test func `time answers each line with one line, whatever its end and its bytes`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        let client = try SocketFile.connected(to: try server.address())
        try client.say("hi\r\nyou\n\n")
        try client.write([0xC4, 0xE3, 0x0A])
        try client.say("no end")
        try client.finishWriting()
        let pattern = /\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}\] (.*)/
        for expected in ["hi", "you", ""] {
            let line = try #require(try client.hear())
            #expect(try #require(line.wholeMatch(of: pattern)).1 == expected)
        }
        let bytes = try #require(try client.readLine())
        #expect(bytes.suffix(3) == [0x20, 0xC4, 0xE3])
        #expect(try client.hear()?.hasSuffix("] no end") == true)
        #expect(try client.hear() == nil)
        #expect(try server.errorLine(containing: "- ").hasSuffix("  5 lines in, 5 out"))
        #expect(try server.terminate() == .status(0))
    }

    @Test func `an answer ends in CR LF`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        let client = try SocketFile.connected(to: try server.address())
        try client.say("x\n")
        #expect(try #require(try client.read(until: [0x0A], maximumLength: 100)).suffix(4) == [0x20, 0x78, 0x0D, 0x0A])
    }

    @Test func `log prints each line behind its sender, and nothing that a terminal acts on`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "log")
        let client = try SocketFile.connected(to: try server.address())
        let own = "\(try client.shared.socket.localAddress)"
        try client.say("one\ntwo \"quoted\"\r\n\u{1B}[31mred\n")
        try client.write([0xFF, 0x0A])
        try client.flush()
        #expect(try server.line() == "\(own)  one")
        #expect(try server.line() == "\(own)  two \"quoted\"")
        #expect(try server.line().hasSuffix("[31mred"))
        #expect(try server.line() == "\(own)  \u{FFFD}")
        #expect(!server.output.unicodeScalars.contains("\u{1B}"))
    }

    @Test func `greet sends its text as a line and ends, though the client said something`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "Thank you for connecting")
        for _ in 0..<3 {
            let client = try SocketFile.connected(to: try server.address())
            try client.say("not asked for")
            #expect(try client.readToEnd(maximumLength: 100) == Array("Thank you for connecting\r\n".utf8))
        }
    }

    @Test func `discard takes everything and says nothing`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "discard", "-v")
        let client = try SocketFile.connected(to: try server.address())
        try client.shared.socket.sendAll([UInt8](repeating: 7, count: 1_000_000))
        try client.finishWriting()
        #expect(try client.readToEnd(maximumLength: 10) == [])
        #expect(try server.errorLine(containing: "- ").contains("  1000000 bytes in, 0 out, "))
    }

    // P13
    @Test(arguments: ["\n", "\r\n"])
    func `a line of 16384 bytes is answered, and a longer one ends its own connection`(end: String) throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        let address = try server.address()
        let longest = String(repeating: "x", count: 16_384)
        let client = try SocketFile.connected(to: address)
        try client.say(longest + end)
        #expect(try client.readLine(maximumLength: 20_000)?.suffix(16_384) == Array(longest.utf8)[...])
        try client.say(longest + "x")
        #expect((try? client.readLine()) == nil)
        #expect(try server.errorLine(containing: "- ").hasSuffix("  1 line in, 1 out  (line: longer than 16384 bytes)"))
        let next = try SocketFile.connected(to: address)
        try next.say("still there\n")
        #expect(try next.hear()?.hasSuffix("still there") == true)
    }

    @Test(arguments: ["echo", "time"])
    func `a client that is silent for too long is let go`(handler: String) throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", handler, "--idle", "100ms")
        let client = try SocketFile.connected(to: try server.address())
        try client.say("not a whole line")
        _ = try? client.readToEnd(maximumLength: 100)
        #expect(try server.errorLine(containing: "- ").hasSuffix("  (idle for 100ms)"))
    }

    @Test func `more clients than --max wait for their turn`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time", "-m", "1")
        let address = try server.address()
        let first = try SocketFile.connected(to: address)
        try first.say("first\n")
        #expect(try first.hear()?.hasSuffix("first") == true)
        let second = try SocketFile.connected(to: address)
        try second.say("second\n")
        try first.say("again\n")
        #expect(try first.hear()?.hasSuffix("again") == true)
        try server.errorLine(containing: "+ ")
        #expect(server.errors.count { $0 == "+" } == 1)
        try first.finishWriting()
        #expect(try second.hear()?.hasSuffix("second") == true)
    }

    @Test func `events come one a line, and the end is the last one`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "log", "--json")
        let listening = try #require(try Events.parse(try server.line() + "\n").first)
        let client = try SocketFile.connected(to: try #require(listening["address"] as? String))
        let own = "\(try client.shared.socket.localAddress)"
        try client.say("a \"line\"\n\u{1B}\n")
        try client.finishWriting()
        try server.line(containing: "disconnected")
        #expect(try server.terminate() == .status(0))
        let events = try Events.parse(server.output)
        #expect(
            events.compactMap { $0["event"] as? String } == [
                "listening", "connected", "line", "line", "disconnected", "end",
            ])
        #expect(events[1...4].allSatisfy { $0["peer"] as? String == own })
        #expect(events[2]["text"] as? String == "a \"line\"" && events[3]["text"] as? String == "\u{1B}")
        #expect(events[4]["lines_in"] as? Int == 2 && events[4]["reason"] is NSNull)
        #expect(events[5]["clients"] as? Int == 1 && events[5]["status"] as? Int == 0)
        #expect(server.errors.isEmpty)
    }

    @Test func `quiet leaves standard error to failures`() throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt("listen", "unix:\(directory.file("s"))", "log", "-q")
        // It says nothing, so another one knocks until it is there.
        _ = try Command.run([BuiltProgram.path("nt"), "check", "unix:\(directory.file("s"))", "--wait", "20s"])
        let client = try SocketFile.connected(to: "unix:\(directory.file("s"))")
        try client.say("x\n")
        #expect(try server.line().hasSuffix("  x"))
        try client.finishWriting()
        #expect(try client.hear() == nil)
        #expect(try server.terminate() == .status(0))
        #expect(server.errors.isEmpty)
    }

    @Test func `a UNIX path is listened at, and gone afterwards`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try ForeignProgram.nt("listen", "unix:\(path)", "echo")
        #expect(try server.address() == "unix:\(path)")
        let client = try SocketFile.connected(to: "unix:\(path)")
        try client.say("x")
        try client.finishWriting()
        #expect(try client.readToEnd(maximumLength: 10) == [0x78])
        #expect(try server.errorLine(containing: "- ") == "- client 1  1 byte in, 1 out")
        #expect(try server.terminate() == .status(0))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `several addresses are one server`() throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt(
            "listen", "127.0.0.1:0", "unix:\(directory.file("s"))", "greet", "hello")
        try server.errorLine(containing: "listening unix:")
        for address in [try server.address(), "unix:\(directory.file("s"))"] {
            #expect(try SocketFile.connected(to: address).hear() == "hello")
        }
    }

    @Test func `a busy port is told with who has it and which one is free`() throws {
        let taken = try Socket.listening(on: "127.0.0.1:0")
        let address = "\(try taken.localAddress)"
        let server = try ForeignProgram.nt("listen", address, "echo")
        #expect(try server.exit() == .status(69))
        #expect(server.errors.hasPrefix("nt: listen \(address): address already in use (by "))
        #expect(server.errors.contains(", pid \(getpid())); port ") && server.errors.hasSuffix(" is free\n"))
    }

    @Test(arguments: [("nosuch.invalid:1", 68), ("192.0.2.1:1", 69), ("unix:/nonexistent/s", 69)] as [(String, Int32)])
    func `an address that can't be had is an exit code and a line`(address: String, status: Int32) throws {
        let server = try ForeignProgram.nt("listen", address, "echo")
        #expect(try server.exit() == .status(status))
        #expect(server.errors.hasPrefix("nt: listen \(address): ") && server.errors.count { $0 == "\n" } == 1)
    }

    @Test func `a handler that there is not is told with those that there are`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "tim")
        #expect(try server.exit() == .status(64))
        let handlers = "echo, time, greet, discard, log, sink, chat, files, exec, stdio"
        #expect(server.errors == "nt: \"tim\" is neither an address nor a handler: there are \(handlers)\n")
    }

    @Test func `nobody within the time limit is exit code 75`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "--timeout", "50ms")
        #expect(try server.exit() == .status(75))
        #expect(server.errors.hasSuffix("nt: no client has come in 50ms\n"))
    }
}

/// How a listening `nt` ends.
@Suite(.blocking) struct ListenEndTests {
    // P22
    @Test func `after SIGTERM nobody is let in, and who is there gets the answer`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time", "--drain", "20s")
        let address = try server.address()
        let client = try SocketFile.connected(to: address)
        try client.say("before\naf")
        #expect(try client.hear()?.hasSuffix("before") == true)
        server.send(signal: SIGTERM)
        try server.errorLine(containing: "clients may go on for 20s: 1; ctrl-C leaves at once")
        let late = try #require(throws: SocketError.self) { _ = try SocketFile.connected(to: address) }
        #expect(late.isConnectionRefused)
        try client.say("ter\n")
        #expect(try client.hear()?.hasSuffix("after") == true)
        #expect(try client.hear() == nil)
        #expect(try server.exit() == .status(0))
        #expect(server.errors.contains("\n1 client, 2 lines in, 2 out, up "))
    }

    @Test(arguments: ["echo", "time", "discard", "log"])
    func `a client that has nothing under way does not hold up the end`(handler: String) throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", handler, "--drain", "1h")
        let client = try SocketFile.connected(to: try server.address())
        try server.errorLine(containing: "+ ")
        #expect(try server.terminate() == .status(0))
        #expect(try client.readToEnd(maximumLength: 1) == [])
        #expect(try server.errorLine(containing: "- ").hasSuffix("s in, 0 out"))
    }

    @Test func `a client that stays is cut off when the drain's time is up`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time", "--drain", "50ms")
        let client = try SocketFile.connected(to: try server.address())
        try client.say("a line\nand a half")
        _ = try client.hear()
        #expect(try server.terminate() == .status(0))
        #expect(server.errors.contains("(still there when the time was up)"))
        #expect((try? client.readToEnd(maximumLength: 1)) ?? [] == [])
    }

    // The thread sanitizer keeps a signal until a thread makes one of the calls that it knows; an idle loop makes none.
    @Test(.enabled(if: !Sanitizer.isOfThreads))
    func `ctrl-C ends an idle server with one summary line and 130`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        _ = try server.address()
        server.send(signal: SIGINT)
        #expect(try server.exit() == .status(130))
        #expect(server.errors.split(separator: "\n").count == 2)
        #expect(server.errors.contains("\n0 clients, 0 lines in, 0 out, up "))
    }

    @Test func `a second ctrl-C leaves at once`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time", "--drain", "1h")
        let clients = try (0..<2).map { _ in try SocketFile.connected(to: try server.address()) }
        for client in clients {
            try client.say("a line\nstill ")
            _ = try client.hear()
        }
        server.send(signal: SIGINT)
        try server.errorLine(containing: "clients may go on for ")
        try clients[0].say("served\n")
        #expect(try clients[0].hear()?.hasSuffix("still served") == true)
        server.send(signal: SIGINT)
        #expect(try server.exit() == .status(130))
        #expect((try? clients[1].hear()) == nil)
    }

    @Test func `ctrl-C gets through where nobody reads standard output`() throws {
        let directory = try TemporaryDirectory()
        let program = try ForeignProgram(
            "bash",
            ["-c", "mkfifo f; sleep 600 < f & exec \"$0\" listen 127.0.0.1:0 log > f", BuiltProgram.path("nt")],
            in: directory.path)
        var client = try Socket.connecting(to: try program.address(), within: .seconds(20))
        try client.setTimeLimit(.milliseconds(200))
        let lines = [UInt8](repeating: 0x0A, count: 1 << 20)
        while (try? client.sendAll(lines)) != nil {}
        program.limit = .milliseconds(50)
        // Signals of one kind may arrive as one, so twice may have to be more often.
        var exit: ForeignProgram.Exit?
        for _ in 0..<400 where exit == nil {
            program.send(signal: SIGINT)
            exit = try? program.exit()
        }
        #expect(exit == .status(130))
    }

    @Test func `a reader of the log who has gone ends the server quietly`() throws {
        let program = try ForeignProgram(
            "bash",
            ["-c", "\"$0\" listen 127.0.0.1:0 log | head -n 1; echo ${PIPESTATUS[0]}", BuiltProgram.path("nt")])
        let client = try SocketFile.connected(to: try program.address())
        try client.say("one\n")
        try program.line(containing: "one")
        // A later line finds nobody to read it.
        while (try? client.say("two\n")) != nil {}
        #expect(try program.exit() == .status(0))
        #expect(program.output.hasSuffix("\n74\n") && !program.errors.contains("nt: "))
    }
}
