// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// A program for each client.
@Suite(.blocking) struct ListenExecTests {
    @Test func `what the program reads and writes is the client's, and no shell is in between`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "exec", "--", "sh", "-c", "read x; echo \"<$x>\"")
        let client = try SocketFile.connected(to: try server.address())
        try client.say("$HOME; ls\n")
        #expect(try client.hear() == "<$HOME; ls>")
        #expect(try client.hear() == nil)
        #expect(try server.errorLine(containing: "- ").hasSuffix("  10 bytes in, 12 out"))
    }

    @Test func `the client's end is the end of what the program reads, and its answer still comes`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "exec", "sort")
        let client = try SocketFile.connected(to: try server.address())
        try client.say("b\nc\na\n")
        try client.finishWriting()
        #expect(try client.readToEnd(maximumLength: 100) == Array("a\nb\nc\n".utf8))
    }

    @Test func `megabytes pass through a program whole`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "exec", "cat")
        let directory = try TemporaryDirectory()
        let bytes = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 11) }
        try Data(bytes).write(to: URL(filePath: directory.file("in")))
        let client = try ForeignProgram(
            "sh",
            ["-c", "\"$0\" connect \"$1\" < in > out; cmp in out", BuiltProgram.path("nt"), try server.address()],
            in: directory.path)
        #expect(try client.exit() == .status(0))
    }

    @Test func `a program that fails is told, and serves the next client all the same`() throws {
        let failing = try ForeignProgram.nt("listen", "127.0.0.1:0", "exec", "--", "sh", "-c", "exit 3")
        for _ in 0..<2 { #expect(try SocketFile.connected(to: try failing.address()).hear() == nil) }
        #expect(try failing.errorLine(containing: "- ").hasSuffix("(sh: exit code 3)"))
    }

    @Test func `a program that can be started for nobody is refused at once, as a command behind -- is`() throws {
        let verbs = [["listen", "127.0.0.1:0", "exec"], ["relay", "127.0.0.1:0"]]
        let programs: [(String, Int32, String)] = [
            ("/nonexistent/program", 127, "no such file or directory"),
            ("no-such-command", 127, "no such file or directory"), ("/etc/passwd", 126, "permission denied"),
            ("/tmp", 126, "permission denied"),
        ]
        for (program, status, reason) in programs {
            for verb in verbs {
                let word = verb[0] == "relay" ? "exec:\(program)" : program
                let run = ToolRun(verb + [word])
                #expect(run.status.rawValue == status)
                #expect(run.errors == "nt: \"\(program)\" can't be run: \(reason)\n")
            }
        }
    }

    @Test func `a program that is no more there is told, and its clients are let go`() throws {
        let directory = try TemporaryDirectory()
        let program = directory.file("program")
        try FileManager.default.copyItem(atPath: "/bin/cat", toPath: program)
        for words in [["listen", "127.0.0.1:0", "exec", program], ["relay", "127.0.0.1:0", "exec:\(program)"]] {
            let server = try ForeignProgram(BuiltProgram.path("nt"), words)
            let address = try server.address()
            try FileManager.default.moveItem(atPath: program, toPath: program + ".away")
            for _ in 0..<2 { #expect((try? SocketFile.connected(to: address).hear()) == nil) }
            #expect(try server.errorLine(containing: "- ").contains("no such file or directory"))
            try FileManager.default.moveItem(atPath: program + ".away", toPath: program)
        }
    }

    @Test func `a client that breaks off takes its program with it, and what that has started`() throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt(
            "listen", "127.0.0.1:0", "exec", "--", "sh", "-c",
            "sleep 1000 & echo $!; echo here; trap '' TERM; wait; sleep 1000")
        var socket = try Socket.connecting(to: try server.address(), within: .seconds(20))
        try socket.setTimeLimit(.seconds(20))
        let client = SocketFile(socket)
        let sleeper = Int32(try client.hear() ?? "") ?? -1
        #expect(try client.hear() == "here")
        #expect(kill(sleeper, 0) == 0)
        try client.shared.socket.set(.linger, to: .reset)
        _ = consume client
        try server.errorLine(containing: "- ")
        let isGone = try ForeignProgram(
            "sh",
            ["-c", "while kill -0 $0 2>/dev/null && ! grep -q '^State:.Z' /proc/$0/status; do :; done", "\(sleeper)"])
        #expect(try isGone.exit() == .status(0))
        withExtendedLifetime(directory) {}
    }

    @Test func `SIGTERM ends the programs that are left when the drain's time is up`() throws {
        let server = try ForeignProgram.nt(
            "listen", "127.0.0.1:0", "exec", "--drain", "50ms", "--", "sh", "-c", "echo $$; exec sleep 1000")
        let client = try SocketFile.connected(to: try server.address())
        let program = Int32(try client.hear() ?? "") ?? -1
        #expect(kill(program, 0) == 0)
        #expect(try server.terminate() == .status(0))
        #expect(kill(program, 0) == -1)
    }
}

@Suite(.blocking) struct ListenDatagramTests {
    @Test(arguments: [(["echo"], "hi", "hi"), (["greet", "hello"], "hi", "hello")])
    func `a datagram is answered by one`(handler: [String], question: String, answer: String) throws {
        let server = try ForeignProgram(BuiltProgram.path("nt"), ["listen", "udp://127.0.0.1:0"] + handler)
        let client = try ForeignProgram.nt("connect", "udp://\(try server.address("udp"))")
        try client.write(question)
        #expect(try client.text(upTo: answer) == answer)
    }

    // A-066
    @Test func `log prints datagrams in the encoding that they are in`() throws {
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "log", "--encoding", "gb18030")
        let sender = try ForeignProgram(
            Python.executable,
            [
                "-c",
                """
                import socket, sys
                sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                sender.bind(("127.0.0.1", 0))
                print(sender.getsockname()[1], flush=True)
                sender.sendto("你好\\x1b[31m".encode("gb18030"), ("127.0.0.1", int(sys.argv[1])))
                """, String(try #require(try server.address("udp").split(separator: ":").last)),
            ])
        let port = try sender.line()
        let line = try server.line()
        #expect(line.hasPrefix("127.0.0.1:\(port)  你好") && !line.unicodeScalars.contains("\u{1B}"))
    }

    @Test func `events of datagrams come one a line`() throws {
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "log", "--json")
        let address = try #require(try Events.parse(try server.line() + "\n").first?["address"] as? String)
        #expect(address.hasPrefix("udp://127.0.0.1:"))
        let client = try ForeignProgram.nt("connect", address, "--send-only")
        try client.write("hi")
        try client.closeInput()
        try server.line(containing: "\"text\":\"hi\"")
        #expect(try server.terminate() == .status(0))
        let end = try #require(try Events.parse(server.output).last)
        #expect(end["event"] as? String == "end" && end["datagrams_in"] as? Int == 1)
    }

    @Test func `one server has streams and datagrams`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "udp://127.0.0.1:0", "echo")
        let stream = try ForeignProgram.nt("connect", try server.address("tcp"))
        let datagrams = try ForeignProgram.nt("connect", "udp://\(try server.address("udp"))", "--linger", "10ms")
        for client in [stream, datagrams] {
            try client.write("hi")
            #expect(try client.text(upTo: "hi") == "hi")
            try client.closeInput()
            #expect(try client.exit() == .status(0))
        }
        #expect(try server.terminate() == .status(0))
    }

    @Test(arguments: ["nc -u -w 1 127.0.0.1", "ncat -u --idle-timeout 1 127.0.0.1", "socat -t 1 - UDP:127.0.0.1:"])
    func `other programs' datagrams are answered`(command: String) throws {
        let name = String(command.prefix { $0 != " " })
        guard ConversationTests.isInstalled(name) else { return }
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "time")
        let port = String(try #require(try server.address("udp").split(separator: ":").last))
        let client = try ForeignProgram("sh", ["-c", command.hasSuffix(":") ? command + port : command + " " + port])
        try client.write("hi\n")
        try client.line(containing: "] hi")
    }
}

/// Who may come, and what may be served to whom.
@Suite(.blocking) struct ListenPolicyTests {
    @Test func `--deny and --allow say who may come`() throws {
        func answer(_ words: String...) throws -> (heard: String?, said: ForeignProgram) {
            let server = try ForeignProgram(
                BuiltProgram.path("nt"), ["listen", "127.0.0.1:0", "greet", "hello"] + words)
            let heard = try? SocketFile.connected(to: try server.address()).hear()
            return (heard ?? nil, server)
        }
        #expect(try answer().heard == "hello")
        #expect(try answer("--allow", "127.0.0.0/8").heard == "hello")
        let others = try answer("--allow", "192.0.2.0/24", "--allow", "2001:db8::/32")
        #expect(others.heard == nil)
        try others.said.errorLine(containing: "! 127.0.0.1:")
        #expect(try answer("--allow", "127.0.0.0/8", "--deny", "127.0.0.1").heard == nil)
    }

    @Test func `what runs programs needs --allow where other machines can come`() {
        for place in [["0.0.0.0:0"], [":0", "--public"], ["*:0"], ["127.0.0.1:0", "[::]:0"]] {
            let run = ToolRun(
                ["listen"] + place.prefix(1) + place.dropFirst().filter { !$0.hasPrefix("-") } + ["exec", "cat"]
                    + place.filter { $0.hasPrefix("-") })
            #expect(run.status == .usage && run.errors.contains("--allow"), "\(place)")
        }
    }

    @Test func `- is a client on standard input and output`() throws {
        let program = try ForeignProgram.nt("listen", "-", "echo", "-q")
        try program.write("hi\n")
        #expect(try program.line() == "hi")
        try program.closeInput()
        #expect(try program.exit() == .status(0))
    }

    @Test func `an inherited listener is taken over`() throws {
        let script = """
            import os, socket, sys
            server = socket.create_server(("127.0.0.1", 0))
            os.dup2(server.fileno(), 3)
            os.set_inheritable(3, True)
            os.execv(sys.argv[1], [sys.argv[1], "listen", "fd:3", "greet", "hello"])
            """
        let server = try ForeignProgram(Python.executable, ["-c", script, BuiltProgram.path("nt")])
        #expect(try SocketFile.connected(to: try server.address()).hear() == "hello")
    }

    @Test func `with --mode loops the clients have a loop for each core`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time", "--mode", "loops")
        let clients = try (0..<8).map { _ in try SocketFile.connected(to: try server.address()) }
        for client in clients { try client.say("x\n") }
        for client in clients { #expect(try client.hear()?.hasSuffix("] x") == true) }
        for client in clients { try client.finishWriting() }
        #expect(try server.terminate() == .status(0))
        #expect(server.errors.contains("\n8 clients, 8 lines in, 8 out, up "))
    }

    private static let hardLimit = (try? Command.run(["sh", "-c", "ulimit -Hn"])).flatMap { text in
        text.hasPrefix("unlimited") ? Int.max : Int(text.prefix { $0 != "\n" })
    }

    @Test(
        .enabled(if: hardLimit ?? 0 > 6000, "the hard limit of descriptors is too low to raise anything"),
        arguments: [(64, "", true), (1024, "-v", true), (1024, "-m 5000", true), (1024, "", false)]
            as [(Int, String, Bool)])
    func `the soft limit of descriptors is raised, and said where it is news`(
        soft: Int, flag: String, isSaid: Bool
    ) throws {
        let script = "ulimit -Sn \(soft); exec \"$0\" listen 127.0.0.1:0 echo \(flag)"
        let server = try ForeignProgram("sh", ["-c", script, BuiltProgram.path("nt")])
        _ = try server.address()
        #expect(server.errors.contains("descriptors: ") == isSaid)
        if isSaid { #expect(try server.errorLine(containing: "descriptors: ").hasSuffix("raised from \(soft)")) }
    }

    @Test func `where the hard limit of descriptors is low there are fewer clients, and that is said`() throws {
        let limited = try ForeignProgram(
            "sh", ["-c", "ulimit -n 64; exec \"$0\" listen 127.0.0.1:0 echo", BuiltProgram.path("nt")])
        try limited.errorLine(containing: "there are descriptors for 40 clients only")
    }

    @Test func `a reader of the log that does not read stops nobody else`() throws {
        let directory = try TemporaryDirectory()
        // Two handlers of one program can't be had: one client floods the log, another one's connection is still ended.
        let program = try ForeignProgram(
            "bash",
            [
                "-c", "mkfifo f; sleep 600 < f & exec \"$0\" listen 127.0.0.1:0 log --idle 200ms > f",
                BuiltProgram.path("nt"),
            ], in: directory.path)
        let address = try program.address()
        var flood = try Socket.connecting(to: address, within: .seconds(20))
        try flood.setTimeLimit(.milliseconds(200))
        let lines = [UInt8](repeating: 0x0A, count: 1 << 20)
        while (try? flood.sendAll(lines)) != nil {}
        // The loop still accepts, and its timers still run.
        let silent = try SocketFile.connected(to: address)
        try program.errorLine(containing: "+ ")
        try program.errorLine(containing: "(idle for 200ms)")
        withExtendedLifetime(silent) {}
    }
}
