// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// Every row of `nt help eof`, with real pipes, files, terminals and half-closed connections.
@Suite(.blocking) struct EndOfFileTests {
    /// What standard input may be, and ends with "x".
    enum Input: String, CaseIterable {
        case pipe, file, terminal

        /// A program whose standard input is that.
        func nt(_ words: String..., in directory: TemporaryDirectory) throws -> ForeignProgram {
            switch self {
            case .pipe:
                let program = try ForeignProgram(BuiltProgram.path("nt"), words)
                try program.write("x\n")
                try program.closeInput()
                return program
            case .file:
                try Data("x\n".utf8).write(to: URL(filePath: directory.file("input")))
                return try ForeignProgram(
                    "sh", ["-c", "exec \"$0\" \"$@\" < input", BuiltProgram.path("nt")] + words, in: directory.path)
            case .terminal:
                // With standard output elsewhere the system's own line editing is at work.
                let script = URL(filePath: #filePath).deletingLastPathComponent()
                    .appending(path: "Oracles/terminal.py").path
                let program = try ForeignProgram(
                    Python.executable,
                    [script, "sh", "-c", "\"$0\" \"$@\" | cat; exit ${PIPESTATUS:-0}", BuiltProgram.path("nt")] + words)
                try program.write("x\n\u{4}")
                return program
            }
        }

        /// Its end: standard output had this.
        func expectEnd(_ program: ForeignProgram, _ output: String) throws {
            #expect(try program.exit() == .status(0))
            if self == .terminal {
                // What was typed is shown by the terminal itself, and so is nt's talk.
                let lines = program.output.replacing("\r\n", with: "\n").split(separator: "\n")
                let shown = lines.filter { !$0.hasPrefix("connected ") }.joined(separator: "\n")
                #expect(shown.hasPrefix("x\n\(output)"))
                #expect(program.output.contains("terminal restored"))
            } else {
                #expect(program.output == output)
            }
        }
    }

    private func listener() throws -> (socket: SharedSocket, address: String) {
        let socket = try Socket.listening(on: "127.0.0.1:0")
        let address = "\(try socket.localAddress)"
        return (SharedSocket(socket), address)
    }

    private func accept(_ listener: SharedSocket) throws -> SocketFile {
        var socket = try listener.socket.accept()
        try socket.setTimeLimit(.seconds(20))
        return SocketFile(socket)
    }

    // Row: the input ends, otherwise
    @Test(arguments: Input.allCases)
    func `the end of the input is told, and the answer is printed`(input: Input) throws {
        let directory = try TemporaryDirectory()
        let (listener, address) = try listener()
        let program = try input.nt("connect", address, in: directory)
        let server = try accept(listener)
        #expect(try server.readToEnd(maximumLength: 10) == Array("x\n".utf8))
        try server.say("answer\n")
        try server.finishWriting()
        try input.expectEnd(program, "answer\n")
    }

    @Test(arguments: Input.allCases)
    func `with --linger the other side has so long after it`(input: Input) throws {
        let directory = try TemporaryDirectory()
        let (listener, address) = try listener()
        let program = try input.nt("connect", address, "--linger", "50ms", in: directory)
        let server = try accept(listener)
        #expect(try server.readToEnd(maximumLength: 10) == Array("x\n".utf8))
        // It says nothing, and does not end.
        try input.expectEnd(program, "")
    }

    // Row: the input ends, --no-shutdown
    @Test(arguments: Input.allCases)
    func `with --no-shutdown the end of the input is not told`(input: Input) throws {
        let directory = try TemporaryDirectory()
        let (listener, address) = try listener()
        let program = try input.nt("connect", address, "--no-shutdown", in: directory)
        let server = try accept(listener)
        #expect(try server.hear() == "x")
        try server.say("answer\n")
        try program.line(containing: "answer")
        #expect(try server.shared.socket[.tcpInfo].state == .established)
        try server.finishWriting()
        try input.expectEnd(program, "answer\n")
    }

    @Test func `with --no-shutdown and --linger the program ends by itself`() throws {
        let directory = try TemporaryDirectory()
        let (listener, address) = try listener()
        let program = try Input.pipe.nt("connect", address, "--no-shutdown", "--linger", "50ms", in: directory)
        let server = try accept(listener)
        #expect(try server.hear() == "x")
        try Input.pipe.expectEnd(program, "")
    }

    // Row: the input ends, --send-only
    @Test(arguments: Input.allCases)
    func `with --send-only nothing is printed, and the other side has a time to end`(input: Input) throws {
        let directory = try TemporaryDirectory()
        let (listener, address) = try listener()
        let program = try input.nt("connect", address, "--send-only", "--linger", "50ms", in: directory)
        let server = try accept(listener)
        try server.say("not printed\n")
        #expect(try server.readToEnd(maximumLength: 10) == Array("x\n".utf8))
        #expect(try program.exit() == .status(0))
        #expect(!program.output.contains("not printed"))
    }

    // Row: the other side ends, --recv-only
    @Test(arguments: Input.allCases)
    func `with --recv-only the input is not read, and the other side's end is the end`(input: Input) throws {
        let directory = try TemporaryDirectory()
        let (listener, address) = try listener()
        let program = try input.nt("connect", address, "--recv-only", in: directory)
        let server = try accept(listener)
        try server.say("all\n")
        try server.finishWriting()
        try input.expectEnd(program, "all\n")
        #expect((try? server.readToEnd(maximumLength: 10)) ?? [] == [])
    }

    // Row: the other side ends, otherwise
    @Test func `the other side's end leaves a pipe its own`() throws {
        let (listener, address) = try listener()
        let program = try ForeignProgram.nt("connect", address)
        let server = try accept(listener)
        try server.say("that is all\n")
        try server.finishWriting()
        #expect(try program.line() == "that is all")
        try program.write("and this is mine")
        try program.closeInput()
        #expect(try server.readToEnd(maximumLength: 100) == Array("and this is mine".utf8))
        #expect(try program.exit() == .status(0))
    }

    // Row: the other side ends, input is a terminal
    @Test func `at a terminal the other side's end is the end`() throws {
        let (listener, address) = try listener()
        let program = try ForeignProgram.ntAtTerminal("connect", address)
        let server = try accept(listener)
        try program.text(upTo: ">>: ")
        try server.finishWriting()
        try program.text(upTo: "the other side has ended")
        try program.line(containing: "ended 0, terminal restored")
    }

    @Test func `at a terminal a client's end is the end of a listener too`() throws {
        let program = try ForeignProgram.ntAtTerminal("listen", "127.0.0.1:0")
        let banner = try program.line(containing: "listening tcp ").split(separator: " ")
        let client = try SocketFile.connected(to: String(banner[2]))
        try client.say("all\n")
        try program.line(containing: "all")
        try client.finishWriting()
        try program.line(containing: "the other side has ended")
        try program.line(containing: "ended 0, terminal restored")
        #expect(try client.hear() == nil)
    }

    // Row: the other side ends, listen --keep
    @Test func `with --keep a client's end is its own, and the input goes on`() throws {
        let program = try ForeignProgram.nt("listen", "127.0.0.1:0", "-k")
        for number in 1...2 {
            let client = try SocketFile.connected(to: try program.address())
            try client.say("client \(number)\n")
            #expect(try program.line() == "client \(number)")
            try program.write("answer \(number)\n")
            #expect(try client.hear() == "answer \(number)")
            try client.finishWriting()
            #expect(try client.hear() == nil)
        }
        try program.closeInput()
        let third = try SocketFile.connected(to: try program.address())
        #expect(try third.hear() == nil)
        try third.say("heard all the same\n")
        #expect(try program.line() == "heard all the same")
    }

    // Rows: the input ends, udp or unix-dgram
    @Test(arguments: Input.allCases)
    func `over UDP answers are waited for, and then it ends`(input: Input) throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "echo")
        let address = "udp://\(try server.address("udp"))"
        try input.expectEnd(try input.nt("connect", address, "--linger", "200ms", in: directory), "x\n")
    }

    @Test func `over UDP with --send-only the input's end is the end`() throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "log")
        let address = "udp://\(try server.address("udp"))"
        let program = try Input.pipe.nt("connect", address, "--send-only", "--linger", "1h", in: directory)
        try Input.pipe.expectEnd(program, "")
        #expect(try server.line().hasSuffix("  x"))
    }

    @Test func `a listener for datagrams talks with who speaks first, or with --keep with everybody`() throws {
        let once = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "--linger", "50ms")
        let client = try ForeignProgram.nt("connect", "udp://\(try once.address("udp"))", "--linger", "10s")
        try client.write("question\n")
        #expect(try once.line() == "question")
        try once.write("answer\n")
        #expect(try client.line() == "answer")
        try once.closeInput()
        #expect(try once.exit() == .status(0))

        let keeping = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "--keep")
        try keeping.closeInput()
        for number in 1...3 {
            let program = try ForeignProgram.nt("connect", "udp://\(try keeping.address("udp"))", "--send-only")
            try program.write("\(number)\n")
            try program.closeInput()
            #expect(try program.exit() == .status(0))
            #expect(try keeping.line() == "\(number)")
        }
    }

    // The lines below the table
    @Test func `a program as the other side is told by the end of its input`() throws {
        let sorted = try ForeignProgram.nt("connect", "exec:sort")
        try sorted.write("b\na\n")
        try sorted.closeInput()
        #expect(try sorted.exit() == .status(0))
        #expect(sorted.output == "a\nb\n")
        let failed = try ForeignProgram.nt("connect", "exec:sh -c 'exit 3'", "--recv-only")
        #expect(try failed.exit() == .status(1))
        #expect(failed.errors.contains("exit code 3"))
        let missing = try ForeignProgram.nt("connect", "exec:/nonexistent", "--recv-only")
        #expect(try missing.exit() != .status(0))
        #expect(missing.errors.hasPrefix("nt: ") && missing.errors.contains("/nonexistent"))
    }

    @Test(arguments: ["true", "head -c 2"])
    func `a program as the other side that reads no further has not failed`(command: String) throws {
        let programs = try (0..<4).map { _ in try ForeignProgram.nt("connect", "exec:\(command)") }
        for program in programs {
            try program.write(String(repeating: "y\n", count: 150_000))
            try program.closeInput()
        }
        for program in programs {
            #expect(try program.exit() == .status(0))
            #expect(program.output == (command == "true" ? "" : "y\n") && program.errors.isEmpty)
        }
        let failed = try ForeignProgram.nt("connect", "exec:sh -c 'exit 3'")
        try failed.write(String(repeating: "y\n", count: 150_000))
        try failed.closeInput()
        #expect(try failed.exit() == .status(1))
    }

    @Test func `each row of the table has its test here, and the page has each row`() {
        let tested: [EndOfFile.Event: [String]] = [
            .input: [
                "datagrams, --send-only", "datagrams, --keep", "datagrams",
                "--no-shutdown", "--send-only", "otherwise",
            ],
            .peer: ["listen --keep", "--recv-only", "input is a terminal", "otherwise"],
        ]
        for event in EndOfFile.Event.allCases {
            #expect(EndOfFile.rules.filter { $0.event == event }.map(\.condition) == tested[event])
        }
        let page = ToolRun("help", "eof").output
        for rule in EndOfFile.rules { #expect(page.contains("  \(rule.condition)   ") && page.contains(rule.text)) }
        #expect(page.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }
}
