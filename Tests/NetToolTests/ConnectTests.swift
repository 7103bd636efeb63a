// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

@Suite(.blocking) struct ConnectTests {
    private func python(_ script: String, _ words: String...) throws -> ForeignProgram {
        try ForeignProgram(Python.executable, ["-c", script] + words)
    }

    /// A server that reads to the end, and only then answers.
    private static let lateAnswer = """
        import socket, sys
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        client, peer = server.accept()
        data = b"".join(iter(lambda: client.recv(65536), b""))
        client.sendall(peer[0].encode() + b" " + data.upper())
        """

    @Test func `the end of standard input is the end of one direction, and the answer still comes`() throws {
        let server = try python(Self.lateAnswer)
        let client = try ForeignProgram.nt("connect", "127.0.0.1:\(try server.line())")
        try client.write("hello\nthere\n")
        try client.closeInput()
        #expect(try client.exit() == .status(0))
        #expect(client.output == "127.0.0.1 HELLO\nTHERE\n")
        #expect(client.errors.isEmpty)
        #expect(try server.exit() == .status(0))
    }

    @Test func `--crlf sends CR LF for each line end, and -s says where from`() throws {
        let server = try python(Self.lateAnswer)
        let client = try ForeignProgram.nt("connect", ":\(try server.line())", "--crlf", "-s", "127.0.0.5")
        try client.write("one\ntwo\r\n")
        try client.closeInput()
        #expect(try client.exit() == .status(0))
        #expect(client.output == "127.0.0.5 ONE\r\nTWO\r\n")
    }

    @Test func `a line is answered while both directions are open`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        let client = try ForeignProgram.nt("connect", try server.address(), "-v")
        try client.errorLine(containing: "connected tcp \(try server.address()) from 127.0.0.1:")
        for word in ["hi", "there"] {
            try client.write("\(word)\n")
            #expect(try client.line().hasSuffix("] \(word)"))
        }
        try client.closeInput()
        #expect(try client.exit() == .status(0))
        #expect(try server.errorLine(containing: "- ").hasSuffix("  2 lines in, 2 out"))
    }

    @Test func `--recv-only ends with the peer, though standard input is open`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "hello")
        let client = try ForeignProgram.nt("connect", try server.address(), "--recv-only")
        #expect(try client.exit() == .status(0))
        #expect(client.output == "hello\r\n")
    }

    @Test func `--send-only prints nothing of what comes`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try ForeignProgram.nt("connect", try server.address(), "--send-only")
        try client.write("hello")
        try client.closeInput()
        #expect(try client.exit() == .status(0))
        #expect(client.output.isEmpty)
        #expect(try server.errorLine(containing: "- ").hasSuffix("  5 bytes in, 5 out"))
    }

    @Test func `a peer that ends leaves the other direction open until its own end`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = try ForeignProgram.nt("connect", "\(try listener.localAddress)")
        let server = SocketFile(try listener.accept())
        try server.say("that is all\n")
        try server.finishWriting()
        #expect(try client.line() == "that is all")
        try client.write("and this is mine")
        try client.closeInput()
        #expect(try server.readToEnd(maximumLength: 100) == Array("and this is mine".utf8))
        #expect(try client.exit() == .status(0))
    }

    @Test func `a refusal of datagrams names who has refused`() throws {
        let taken = try Socket(.ipv4, .datagram)
        try taken.bind(to: .loopback(.any))
        let address = "\(try taken.localAddress)"
        try taken.close()
        let client = try ForeignProgram.nt("connect", "udp://\(address)")
        try client.write("anybody there?")
        #expect(try client.exit() == .status(69))
        #expect(client.errors.contains("nt: receive \(address): connection refused\n"), "\(client.errors)")
    }

    @Test func `a port alone is told how it is written`() {
        let run = ToolRun("connect", "80")
        #expect(run.status == .usage && run.errors.hasSuffix(": write :80 for a port of this machine\n"))
        #expect(!ToolRun("connect", "1.2:80").errors.contains("write :"))
    }

    @Test func `nobody there, no such host, no answer and no socket have their exit codes and their lines`() throws {
        let closed = try ClosedPort()
        let refused = try ForeignProgram.nt("connect", closed.address)
        #expect(try refused.exit() == .status(69))
        #expect(refused.errors == "nt: connect \(closed.address): connection refused\n")
        let unknown = try ForeignProgram.nt("connect", "nosuch.invalid:1")
        #expect(try unknown.exit() == .status(68))
        #expect(unknown.errors.hasPrefix("nt: connect nosuch.invalid:1: "))
        let missing = try ForeignProgram.nt("connect", "unix:/nonexistent")
        #expect(try missing.exit() == .status(69))
        #expect(missing.errors == "nt: connect unix:/nonexistent: no such file or directory\n")
        let full = try Socket.listening(on: "127.0.0.1:0", backlog: 0)
        let address = try full.localAddress
        let holder = SharedSocket(try Socket.connecting(to: address, within: .seconds(5)))
        let silent = try ForeignProgram.nt("connect", "\(address)", "--timeout", "100ms")
        #expect(try silent.exit() == .status(75))
        #expect(silent.errors == "nt: connect \(address): timed out\n")
        withExtendedLifetime(holder) {}
        #expect([refused, unknown, missing, silent].allSatisfy { $0.output.isEmpty })
    }

    @Test func `a connection that breaks is exit code 74, and what came before is printed`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = try ForeignProgram.nt("connect", "\(try listener.localAddress)")
        let server = try listener.accept()
        try server.sendAll("before".utf8)
        #expect(try client.text(upTo: "before") == "before")
        try server.set(.linger, to: .reset)
        try server.close()
        #expect(try client.exit() == .status(74))
        #expect(client.errors.contains("connection broken: connection reset by peer\n"))
        #expect(client.output == "before")
    }

    // The thread sanitizer can't: its threads never block what they were told to (nw_block_and_send_again).
    @Test(.enabled(if: !Sanitizer.isOfThreads)) func `ctrl-C is 130 at once, whatever is under way`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = try ForeignProgram.nt("connect", "\(try listener.localAddress)")
        let server = try listener.accept()
        client.send(signal: SIGINT)
        #expect(try client.exit() == .status(130))
        _ = consume server
    }

    @Test func `a full disk is told, and a reader who has gone is not`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "hello")
        func run(_ script: String) throws -> ForeignProgram {
            try ForeignProgram("bash", ["-c", script, BuiltProgram.path("nt"), try server.address()])
        }
        let full = try run("\"$0\" connect \"$1\" --recv-only > /dev/full")
        #expect(try full.exit() == .status(74))
        #expect(full.errors == "nt: standard output: no space left on device\n")
        let closed = try run("\"$0\" connect \"$1\" <&-")
        #expect(try closed.exit() == .status(74))
        #expect(closed.errors == "nt: standard input: bad file descriptor\n")
        let gone = try run("\"$0\" connect \"$1\" --recv-only | true; echo ${PIPESTATUS[0]}")
        try gone.exit()
        #expect(gone.errors.isEmpty && gone.output == "74\n" || gone.output == "0\n")
    }
}

/// Two `nt`, or `nt` and another program, each at one end.
@Suite(.blocking) struct ConversationTests {
    @Test(arguments: [false, true])
    func `megabytes pass in both directions at once, and arrive whole`(overUnix: Bool) throws {
        let directory = try TemporaryDirectory()
        for (name, seed) in [("a", 11), ("b", 13)] {
            let bytes = (0..<5 << 20).map { UInt8(truncatingIfNeeded: $0 &* seed ^ $0 >> 9) }
            try Data(bytes).write(to: URL(filePath: directory.file(name)))
        }
        func run(_ script: String, _ words: String...) throws -> ForeignProgram {
            try ForeignProgram("sh", ["-c", script, BuiltProgram.path("nt")] + words, in: directory.path)
        }
        let address = overUnix ? "unix:\(directory.file("s"))" : "127.0.0.1:0"
        let server = try run("exec \"$0\" listen \"$1\" < a > b2", address)
        let client = try run("exec \"$0\" connect \"$1\" < b > a2", try server.address())
        #expect(try client.exit() == .status(0))
        #expect(try server.exit() == .status(0))
        _ = try Command.run(["cmp", directory.file("a"), directory.file("a2")])
        _ = try Command.run(["cmp", directory.file("b"), directory.file("b2")])
    }

    @Test func `listen takes one client, and with --keep one after the other`() throws {
        let once = try ForeignProgram.nt("listen", "127.0.0.1:0")
        let address = try once.address()
        let first = try SocketFile.connected(to: address)
        try once.errorLine(containing: "+ ")
        let late = try #require(throws: SocketError.self) { _ = try SocketFile.connected(to: address) }
        #expect(late.isConnectionRefused)
        try first.say("words\n")
        #expect(try once.line() == "words")
        try once.write("answer\n")
        #expect(try first.hear() == "answer")
        try once.closeInput()
        try first.finishWriting()
        #expect(try once.exit() == .status(0))
        #expect(once.output == "words\n")

        let keeping = try ForeignProgram.nt("listen", "127.0.0.1:0", "-k")
        for number in 1...3 {
            let client = try SocketFile.connected(to: try keeping.address())
            try client.say("client \(number)\n")
            try client.finishWriting()
            #expect(try keeping.line() == "client \(number)")
        }
        keeping.send(signal: SIGINT)
        #expect(try keeping.exit() == .status(130))
    }

    @Test func `ctrl-C ends a conversation at once`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0")
        let client = try SocketFile.connected(to: try server.address())
        try server.errorLine(containing: "+ ")
        server.send(signal: SIGINT)
        #expect(try server.exit() == .status(130))
        #expect((try? client.hear()) == nil)
    }

    /// Other programs' ways to connect, and to listen on UNIX path `$1`.
    static let others: [(name: String, connect: String, listen: String)] = [
        ("nc", "nc -N 127.0.0.1 \"$1\"", "nc -N -l -U \"$1\""),
        ("ncat", "ncat 127.0.0.1 \"$1\"", "ncat -l -U \"$1\""),
        ("socat", "socat - TCP:127.0.0.1:\"$1\"", "socat - UNIX-LISTEN:\"$1\""),
    ]

    static func isInstalled(_ name: String) -> Bool {
        (try? Command.run(["sh", "-c", "command -v \"$0\"", name])) != nil
    }

    static let installed = others.filter { isInstalled($0.name) }

    @Test func `every program that this suite talks with is here`() {
        withKnownIssue("NOT tested: nt against the programs that are missing", isIntermittent: true) {
            for other in Self.others { #expect(Self.isInstalled(other.name), "\(other.name) is not installed") }
        }
    }

    @Test(arguments: installed)
    func `another program's client is served`(name: String, connect: String, listen: String) throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        let port = try #require(try server.address().split(separator: ":").last)
        let client = try ForeignProgram("sh", ["-c", "exec \(connect)", "sh", String(port)])
        try client.write("hello from \(name)\n")
        #expect(try client.line().hasSuffix("] hello from \(name)"))
        try client.closeInput()
        #expect(try client.exit() == .status(0))
        #expect(try server.errorLine(containing: "- ").hasSuffix("  1 line in, 1 out"))
    }

    @Test(arguments: installed)
    func `another program's client talks with the terminal, each to its end`(
        name: String, connect: String, listen: String
    ) throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0")
        let port = try #require(try server.address().split(separator: ":").last)
        let client = try ForeignProgram("sh", ["-c", "exec \(connect)", "sh", String(port)])
        try client.write("question\n")
        #expect(try server.line() == "question")
        try server.write("answer\n")
        #expect(try client.line() == "answer")
        try server.closeInput()
        try client.closeInput()
        #expect(try server.exit() == .status(0))
        #expect(try client.exit() == .status(0))
    }

    @Test(arguments: installed)
    func `another program's server is talked to`(name: String, connect: String, listen: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try ForeignProgram("sh", ["-c", "exec \(listen)", "sh", path])
        // A knock would be its only client: the kernel's table says when it accepts connections.
        let isThere = try ForeignProgram(
            "sh", ["-c", "until grep -q \" 00010000 .*$0\" /proc/net/unix; do :; done", path])
        #expect(try isThere.exit() == .status(0))
        let client = try ForeignProgram.nt("connect", "unix:\(path)")
        try client.write("question\n")
        #expect(try server.line() == "question")
        try server.write("answer\n")
        #expect(try client.line() == "answer")
        try client.closeInput()
        try server.closeInput()
        #expect(try client.exit() == .status(0))
        try server.exit()
    }

    @Test func `line ends are expanded once, wherever the text is cut`() {
        let text = Array("a\nb\r\n\r\r\n\n".utf8)
        for cut in 0...text.count {
            var endings = LineEndings()
            let bytes = endings.expanded(Array(text[..<cut])) + endings.expanded(Array(text[cut...]))
            #expect(String(decoding: bytes, as: UTF8.self) == "a\r\nb\r\n\r\r\n\r\n")
        }
    }
}
