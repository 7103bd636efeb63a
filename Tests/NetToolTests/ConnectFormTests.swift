// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// The forms in which `nt connect` shows what passes, and the ways in which it is told what to say.
@Suite(.blocking) struct ConnectFormTests {
    private func run(_ words: String..., input: String = "") throws -> ForeignProgram {
        let program = try ForeignProgram(BuiltProgram.path("nt"), ["connect"] + words)
        try program.write(input)
        try program.closeInput()
        return program
    }

    // A-066: text from Windows
    @Test func `--encoding translates both directions`() throws {
        let server = try ForeignProgram(
            Python.executable,
            [
                "-c",
                """
                import socket
                server = socket.create_server(("127.0.0.1", 0))
                print(server.getsockname()[1], flush=True)
                client, _ = server.accept()
                data = b"".join(iter(lambda: client.recv(65536), b""))
                print(data.decode("gbk"), end="", flush=True)
                client.sendall("再见\\n".encode("gbk"))
                """,
            ])
        let client = try run("127.0.0.1:\(try server.line())", "--encoding", "GBK", input: "你好\n")
        #expect(try client.exit() == .status(0))
        #expect(client.output == "再见\n")
        #expect(try server.line() == "你好")
    }

    @Test func `--hex prints both directions, sixteen bytes a line`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try run(try server.address(), "-x", input: "0123456789abcdefg\u{1}\n")
        #expect(try client.exit() == .status(0))
        let lines = client.output.split(separator: "\n")
        #expect(
            lines.filter { $0.hasPrefix(">") } == [
                "> 00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  |0123456789abcdef|",
                "> 00000010  67 01 0a                                         |g..|",
            ])
        #expect(
            lines.filter { $0.hasPrefix("<") }.map { $0.dropFirst() }
                == lines.filter { $0.hasPrefix(">") }.map {
                    $0.dropFirst()
                })
    }

    @Test func `events come one a line, and the end is the last one, whatever it is`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try run(try server.address(), "--json", input: "a \"quoted\" \u{1B}\n")
        #expect(try client.exit() == .status(0))
        let events = try Events.parse(client.output)
        #expect(events.compactMap { $0["event"] as? String } == ["connected", "sent", "received", "end"])
        #expect(events[2]["text"] as? String == "a \"quoted\" \u{1B}\n")
        #expect(events[3]["bytes_in"] as? Int == 13 && events[3]["status"] as? Int == 0)

        let interrupted = try ForeignProgram.nt("connect", try server.address(), "--json")
        try interrupted.line(containing: "connected")
        interrupted.send(signal: SIGINT)
        #expect(try interrupted.exit() == .status(130))
        #expect(try Events.parse(interrupted.output).last?["status"] as? Int == 130)

        let closed = try ClosedPort()
        let refused = try run(closed.address, "--json")
        #expect(try refused.exit() == .status(69))
        #expect(try Events.parse(refused.output).last?["status"] as? Int == 69)
        #expect(refused.errors.hasPrefix("nt: connect "))
    }

    @Test func `--log appends everything that passes`() throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "hello")
        for _ in 0..<2 {
            let client = try run(try server.address(), "--recv-only", "--log", directory.file("log"))
            #expect(try client.exit() == .status(0))
        }
        #expect(try String(contentsOfFile: directory.file("log"), encoding: .utf8) == "hello\r\nhello\r\n")
        let failed = try run(try server.address(), "--log", "/nonexistent/log")
        #expect(try failed.exit() == .status(73))
        #expect(failed.errors == "nt: \"/nonexistent/log\": no such file or directory\n")
    }

    // A-079
    @Test func `--until ends the input at a line of its own, wherever it is cut`() throws {
        let text = Array("not exit\nexit now\nexi\nexit\nnever\n".utf8)
        for cut in 0...text.count {
            var word = EndWord("exit")
            var passed: [UInt8] = []
            for piece in [text[..<cut], text[cut...]] { passed += word.passed(Array(piece)) ?? [] }
            #expect(String(decoding: passed, as: UTF8.self) == "not exit\nexit now\nexi\n")
            #expect(word.passed(Array("more".utf8)) == nil)
        }
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try run(try server.address(), "--until", "exit", input: "one\nexit\r\ntwo\n")
        #expect(try client.exit() == .status(0))
        #expect(client.output == "one\n")
    }

    @Test func `a script waits for what it expects and says what it sends, in the order of the words`() throws {
        let server = try ForeignProgram(
            Python.executable,
            [
                "-c",
                """
                import socket
                server = socket.create_server(("127.0.0.1", 0))
                print(server.getsockname()[1], flush=True)
                while True:
                    client, _ = server.accept()
                    try:
                        with client, client.makefile("rwb", buffering=0) as file:
                            file.write(b"name: ")
                            name = file.readline()
                            file.write(b"word: ")
                            word = file.readline()
                            file.write(b"welcome " + name.strip() + b" " + word)
                    except OSError:
                        pass
                """,
            ])
        let address = "127.0.0.1:\(try server.line())"
        let client = try ForeignProgram.nt(
            "connect", address, "--expect", "name:", "--send", "ann\\n", "--expect=word:", "--send=s\\x65cret\\n",
            "--expect", "welcome ann secret")
        #expect(try client.exit() == .status(0))
        #expect(client.output == "name: word: welcome ann secret\n")

        let late = try ForeignProgram.nt("connect", address, "--expect", "never", "--timeout", "100ms")
        #expect(try late.exit() == .status(75))
        #expect(late.errors == "nt: \"never\" has not come in 100ms\n")
        let gone = try ForeignProgram.nt(
            "connect", address, "--send", "a\\nb\\n", "--expect", "never", "--timeout", "20s")
        #expect(try gone.exit() == .status(76))
        #expect(gone.errors == "nt: \"never\" has not come, and the other side has ended\n")
    }

    @Test func `-z says by its exit code whether it is open`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let open = try run("\(try listener.localAddress)", "-z", "-v")
        #expect(try open.exit() == .status(0))
        #expect(open.errors == "\(try listener.localAddress): open\n" && open.output.isEmpty)
        let closed = try ClosedPort()
        let refused = try run(closed.address, "-z")
        #expect(try refused.exit() == .status(69))
        #expect(refused.errors == "nt: \(closed.address): refused\n")
    }

    // A-081, A-082: one socket for datagrams, both ways at once
    @Test func `datagrams pass both ways at once, over UDP and UNIX`() throws {
        let directory = try TemporaryDirectory()
        for address in ["udp://127.0.0.1:0", "unix-dgram:\(directory.file("s"))"] {
            let server = try ForeignProgram.nt("listen", address, "time")
            let place = address.hasPrefix("udp") ? "udp://\(try server.address("udp"))" : address
            try server.errorLine(containing: "listening ")
            let client = try ForeignProgram.nt("connect", place, "--linger", "10ms")
            for word in ["one", "two"] {
                try client.write(word)
                #expect(try client.text(upTo: "] \(word)").contains("["))
            }
            try client.closeInput()
            #expect(try client.exit() == .status(0))
            #expect(try server.terminate() == .status(0))
            #expect(server.errors.contains("2 datagrams in, 2 out, up "))
        }
    }

    @Test func `a UDP port that nobody has is refused`() throws {
        let closed = try ClosedPort()
        let client = try ForeignProgram.nt("connect", "udp://\(closed.address)")
        try client.write("x\n")
        #expect(try client.exit() == .status(69))
        #expect(client.errors.contains("connection refused"))
    }

    @Test func `messages in order pass over a UNIX socket of their kind`() throws {
        let directory = try TemporaryDirectory()
        let listener = try Socket(.unix, .sequencedPacket)
        try listener.bind(to: .unix(UnixAddress(path: directory.file("s"))))
        try listener.listen()
        let client = try ForeignProgram.nt("connect", "unix-seqpacket:\(directory.file("s"))")
        var server = try listener.accept()
        try server.setTimeLimit(.seconds(20))
        try client.write("question")
        #expect(try server.receive(upTo: 100) == Array("question".utf8))
        try server.sendAll("answer\n".utf8)
        #expect(try client.line() == "answer")
        try client.closeInput()
        try server.close()
        #expect(try client.exit() == .status(0))
    }

    // A-157: telnet at the other end
    @Test(.enabled(if: ConversationTests.isInstalled("telnet"), "NOT tested: telnet is not installed"))
    func `telnet talks with several handlers at once`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        let port = String(try #require(try server.address().split(separator: ":").last))
        let clients = try (0..<3).map { _ in try ForeignProgram("telnet", ["127.0.0.1", port]) }
        for (number, client) in clients.enumerated() {
            try client.line(containing: "Escape character")
            try client.write("hello \(number)\n")
        }
        for (number, client) in clients.enumerated() { try client.line(containing: "] hello \(number)") }
        for client in clients {
            try client.write("\u{1D}\nquit\n")
            try client.closeInput()
        }
        try server.errorLine(containing: "1 line in, 1 out")
    }

    @Test func `--telnet answers what the server negotiates, and gives on what it says`() throws {
        let server = try ForeignProgram(
            Python.executable,
            [
                "-c",
                """
                import socket
                IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
                server = socket.create_server(("127.0.0.1", 0))
                print(server.getsockname()[1], flush=True)
                client, _ = server.accept()
                client.sendall(bytes([IAC, WILL, 1, IAC, WILL, 3, IAC, DO, 24, IAC, DO, 39]) + b"lo")
                client.sendall(bytes([IAC, SB, 24, 1, IAC, SE]) + b"gin" + bytes([255, 255, 13, 10]))
                file = client.makefile("rb")
                line = file.readline()
                client.shutdown(socket.SHUT_WR)
                print(line.hex(), flush=True)
                """,
            ])
        let client = try ForeignProgram.nt("connect", "127.0.0.1:\(try server.line())", "--telnet")
        // Two bytes of 255, which come next, are one that is no command.
        try client.text(upTo: "login")
        try client.write("ann\n")
        let heard = try server.line()
        for answer in ["fffd01", "fffd03", "fffb18", "fffc27", "fffa1800585445524dfff0"] {
            #expect(heard.contains(answer), "\(answer) in \(heard)")
        }
        #expect(heard.hasSuffix("616e6e0d0a"))
        try client.closeInput()
        #expect(try client.exit() == .status(0))
    }

    @Test(arguments: [[], ["--json"], ["--reconnect"], ["exec:sleep 1000"]], [SIGTERM, SIGHUP])
    func `a signal's exit code is its own, whatever the form`(words: [String], signal: Int32) throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let address = words.first?.hasPrefix("exec:") == true ? [] : ["\(try listener.localAddress)"]
        let client = try ForeignProgram(BuiltProgram.path("nt"), ["connect", "-v"] + words + address)
        if words == ["--json"] {
            try client.line(containing: "\"connected\"")
        } else {
            try client.errorLine(containing: "connected ")
        }
        client.send(signal: signal)
        #expect(try client.exit() == .status(128 + signal))
        if words == ["--json"] {
            let end = try #require(try Events.parse(client.output).last)
            #expect(end["event"] as? String == "end" && end["status"] as? Int == Int(128 + signal))
        }
    }

    @Test func `--reconnect comes again after the other side's end, until the input has ended`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = try ForeignProgram.nt("connect", "\(try listener.localAddress)", "--reconnect")
        for number in 1...2 {
            var socket = try listener.accept()
            try socket.setTimeLimit(.seconds(20))
            try client.write("line \(number)\n")
            let server = SocketFile(socket)
            #expect(try server.hear() == "line \(number)")
            if number == 1 {
                try server.finishWriting()
                try client.errorLine(containing: "the other side has ended: again in ")
            } else {
                try client.closeInput()
                #expect(try server.hear() == nil)
                try server.finishWriting()
            }
        }
        #expect(try client.exit() == .status(0))
    }
}
