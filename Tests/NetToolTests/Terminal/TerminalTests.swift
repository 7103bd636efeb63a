// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// `nt connect` as somebody at a terminal has it.
@Suite(.blocking) struct TerminalTests {
    private static let end = "ended 0, terminal restored"

    @Test func `a line is edited, sent and answered, and the prompt comes back`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "time")
        let client = try ForeignProgram.ntAtTerminal("connect", try server.address())
        try client.text(upTo: ">>: ")
        try client.write("hallo\u{1B}[D\u{1B}[D\u{1B}[D\u{7F}e\u{5}!\r")
        try client.text(upTo: "] hello!")
        try client.write("\u{1B}[A\u{7F}?\r")
        try client.text(upTo: "] hello?")
        try client.write("\u{4}")
        try client.line(containing: Self.end)
        let lines = Screen(client.output).lines
        #expect(lines[0].hasPrefix("connected tcp 127.0.0.1:"))
        #expect(lines.contains(">>: hello!") && lines.contains(">>: hello?"))
        #expect(lines.contains { $0.hasSuffix("] hello!") })
        #expect(try client.exit() == .status(0))
    }

    @Test func `what comes is written above the line that is typed, and leaves it as it is`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = try ForeignProgram.ntAtTerminal("connect", "\(try listener.localAddress)", "-q")
        let server = SocketFile(try listener.accept())
        try client.text(upTo: ">>: ")
        try client.write("half a li")
        try client.text(upTo: "li\u{1B}[K\r\u{1B}[13C")
        try server.say("news\nmore ne")
        try client.text(upTo: "more ne")
        try server.say("ws\nlogin: ")
        try client.text(upTo: "login: half a li")
        #expect(Screen(client.output).lines == ["news", "more news", "login: half a li"])
        try client.write("ne\r")
        #expect(try server.readLine().map { String(decoding: $0, as: UTF8.self) } == "half a line")
        try client.text(upTo: ">>: ")
        #expect(Screen(client.output).lines == ["news", "more news", "login: half a line", ">>:"])
        try client.write("\u{4}")
        try server.finishWriting()
        try client.line(containing: Self.end)
    }

    @Test func `wide characters are typed, erased and sent as what they are`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = try ForeignProgram.ntAtTerminal(
            "connect", "\(try listener.localAddress)", "-q", "--encoding", "gbk")
        let server = SocketFile(try listener.accept())
        try client.text(upTo: ">>: ")
        try client.write("你们\u{7F}好\r")
        // what Windows has for 你好
        #expect(try server.readLine() == [0xC4, 0xE3, 0xBA, 0xC3])
        try server.write([0xC4, 0xE3, 0x0A])
        try server.flush()
        try client.text(upTo: "你\r\n")
        #expect(Screen(client.output).lines == [">>: 你好", "你", ">>:"])
        try client.write("\u{4}")
        try server.finishWriting()
        try client.line(containing: Self.end)
    }

    //
    @Test func `the server's end is the end, and is said`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try ForeignProgram.ntAtTerminal("connect", try server.address())
        try server.errorLine(containing: "+ 127.0.0.1")
        try client.text(upTo: ">>: ")
        try client.write("never sent")
        // A connection that nobody has accepted is reset, not ended.
        try server.errorLine(containing: "+ ")
        server.kill()
        try client.text(upTo: "the other side has ended")
        try client.line(containing: Self.end)
    }

    // The thread sanitizer keeps the signals of an idle loop.
    @Test(.enabled(if: !Sanitizer.isOfThreads), arguments: [SIGINT, SIGTERM, SIGHUP])
    func `the terminal is what it was, whatever ends the program`(signal: Int32) throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try ForeignProgram.ntAtTerminal("connect", try server.address())
        try client.text(upTo: ">>: ")
        kill(try client.childAtTerminal(), signal)
        try client.line(containing: "ended \(128 + signal), terminal restored")
    }

    @Test func `ctrl-C is 130, and the terminal is what it was`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try ForeignProgram.ntAtTerminal("connect", try server.address())
        try client.text(upTo: ">>: ")
        try client.write("half a line\u{3}")
        try client.line(containing: "ended 130, terminal restored")
    }

    @Test func `ctrl-Z stops it with the terminal as it was, and it goes on where it was`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        // A shell that has jobs: only then is anybody stopped.
        let client = try ForeignProgram.atTerminal(
            "bash", "-c", "set -m; \"$0\" connect \"$1\" -q; stty -a | grep -o ' icanon'; fg >/dev/null",
            BuiltProgram.path("nt"), try server.address())
        try client.text(upTo: ">>: ")
        try client.write("before\u{1A}")
        try client.text(upTo: " icanon")
        try client.text(upTo: ">>: before")
        try client.write("!\r")
        try client.text(upTo: "before!\r\n")
        try client.text(upTo: "before!")
        try client.write("\u{4}")
        try client.line(containing: "terminal restored")
    }

    // the loop that the word "exit" ends
    @Test func `--until ends this side by a word of its own line`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let client = try ForeignProgram.ntAtTerminal("connect", try server.address(), "--until", "exit")
        try client.text(upTo: ">>: ")
        try client.write("not exit\rexit\r")
        try client.line(containing: Self.end)
        try server.errorLine(containing: "9 bytes in, 9 out")
    }

    @Test func `a line longer than the terminal is typed in one row, and sent whole`() throws {
        let listener = try Socket.listening(on: "127.0.0.1:0")
        let client = try ForeignProgram.ntAtTerminal("connect", "\(try listener.localAddress)", "-q")
        let server = SocketFile(try listener.accept())
        let line = String(repeating: "0123456789", count: 12)
        try client.text(upTo: ">>: ")
        try client.write(line)
        try client.text(upTo: "56789\u{1B}[K\r\u{1B}[39C")
        #expect(Screen(client.output).lines.count == 1)
        try client.write("\r")
        #expect(try server.readLine().map { String(decoding: $0, as: UTF8.self) } == line)
        try client.write("\u{4}")
        try server.finishWriting()
        try client.line(containing: Self.end)
    }

    @Test func `what a telnet server keeps secret is not shown, and it is told the terminal's size`() throws {
        let server = try ForeignProgram(
            Python.executable,
            [
                "-c",
                """
                import socket
                server = socket.create_server(("127.0.0.1", 0))
                print(server.getsockname()[1], flush=True)
                client, _ = server.accept()
                client.sendall(bytes([255, 253, 31, 255, 251, 1]) + b"password: ")
                line = client.makefile("rb").readline()
                client.sendall(bytes([255, 252, 1]) + b"\\r\\nwelcome\\r\\n")
                client.close()
                print(line.hex(), flush=True)
                """,
            ])
        let client = try ForeignProgram.ntAtTerminal("connect", "127.0.0.1:\(try server.line())", "--telnet", "-q")
        try client.text(upTo: "password: ")
        try client.write("secret\r")
        let heard = try server.line()
        // 40 columns, 24 rows
        #expect(heard.contains("fffa1f00280018fff0") && heard.hasSuffix("7365637265740d0a"))
        try client.line(containing: "terminal restored")
        #expect(!client.output.contains("secret") && client.output.contains("welcome"))
    }
}
