// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import NetTool
@testable import Sockets

/// The program itself, as somebody at a shell has it.
struct ProgramTests {
    private func nt(_ words: String...) throws -> ForeignProgram {
        try ForeignProgram(BuiltProgram.path("nt"), words)
    }

    private func shell(_ script: String, _ words: String...) throws -> ForeignProgram {
        try ForeignProgram("bash", ["-c", script, BuiltProgram.path("nt")] + words)
    }

    private static let commandLines: [(words: String, status: Int32)] = [
        ("--version", 0),
        ("help exit-codes", 0),
        ("explain 10.0.0.0/9", 0),
        ("explain 1.2.3.400", 65),
        ("nonsense", 64),
        ("check nosuch.invalid:1", 68),
        ("check unix:/nonexistent", 69),
        ("interfaces nonsense", 65),
        ("if", 0),
    ]

    @Test(arguments: commandLines)
    func `the exit code says what happened`(words: String, expected: Int32) throws {
        let program = try ForeignProgram(BuiltProgram.path("nt"), words.split(separator: " ").map(String.init))
        #expect(try program.exit() == .status(expected))
        #expect(program.errors.isEmpty || expected != 0)
        #expect(!program.errors.isEmpty || !program.output.isEmpty)
    }

    @Test func `an error goes to standard error, and standard output stays empty`() throws {
        let program = try nt("explain", "1.2.3.400")
        try program.exit()
        #expect(program.output.isEmpty)
        #expect(program.errors == "nt: \"1.2.3.400\" is no IP address: 400 is over 255\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `each shell gets its completions`(name: String) throws {
        let program = try nt("--generate-completion-script", name)
        #expect(try program.exit() == .status(0))
        for verb in ["check", "explain", "interfaces"] { #expect(program.output.contains(verb)) }
    }

    @Test func `bash can read its completions, and completes a verb`() throws {
        let program = try shell(
            """
            source <("$0" --generate-completion-script bash) && COMP_WORDS=(nt exp) COMP_CWORD=1 COMP_LINE='nt exp' \
            COMP_POINT=6 && $(complete -p nt | sed 's/.*-F \\([^ ]*\\) .*/\\1/') nt exp nt; echo "${COMPREPLY[@]}"
            """)
        #expect(try program.exit() == .status(0))
        #expect(program.output.contains("explain"))
    }

    @Test func `a command runs in the tool's place, with its output alone and its exit code`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let address = "\(try server.localAddress)"
        let program = try nt("check", address, "--", "sh", "-c", "echo \"$1\"; exit 7", "sh", "two words")
        #expect(try program.exit() == .status(7))
        #expect(program.output == "two words\n")
        #expect(program.errors.hasPrefix("\(address)   open after ") && program.errors.count { $0 == "\n" } == 1)
    }

    @Test func `a command is the same process, and has the signals as they are at first`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let program = try nt(
            "check", "\(try server.localAddress)", "--", "sh", "-c", "echo $$; grep -E 'Sig(Blk|Ign)' /proc/self/status"
        )
        try program.exit()
        let lines = program.output.split(separator: "\n")
        #expect(lines.first == "\(program.processIdentifier)")
        // As a program has them that the same parent starts.
        let plain = try ForeignProgram("sh", ["-c", "grep -E 'Sig(Blk|Ign)' /proc/self/status"])
        try plain.exit()
        #expect(lines.dropFirst() == plain.output.split(separator: "\n")[...] && lines.count == 3)
    }

    @Test func `a command that fails to start is 127 or 126, and one is not run in front of a closed port`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let address = "\(try server.localAddress)"
        let missing = try nt("check", address, "--", "no-such-command")
        #expect(try missing.exit() == .status(127))
        #expect(missing.errors.hasSuffix("nt: \"no-such-command\" can't be run: no such file or directory\n"))
        #expect(try nt("check", address, "--", "/etc/passwd").exit() == .status(126))
        let closed = try nt("check", "unix:/nonexistent", "--", "echo", "ran")
        #expect(try closed.exit() == .status(69))
        #expect(closed.output.isEmpty)
    }

    @Test func `a full disk is told, and a reader who has gone is not`() throws {
        let full = try shell("\"$0\" explain 10.0.0.0/9 > /dev/full")
        #expect(try full.exit() == .status(74))
        #expect(full.errors == "nt: standard output: no space left on device\n")
        let gone = try shell("\"$0\" explain $(seq 1 2000) | head -n 1; echo ${PIPESTATUS[0]}")
        #expect(try gone.exit() == .status(0))
        #expect(gone.errors.isEmpty && gone.output.hasSuffix("\n141\n"))
        let ignored = try shell("trap '' PIPE; \"$0\" explain $(seq 1 2000) | head -n 1; echo ${PIPESTATUS[0]}")
        try ignored.exit()
        #expect(ignored.errors.isEmpty && ignored.output.hasSuffix("\n74\n"))
    }

    @Test func `ctrl-C ends a wait at once`() throws {
        let program = try nt("check", "unix:/nonexistent", "--wait", "1h", "--every", "1h", "unix:@nobody")
        program.send(signal: 2)
        #expect(try program.exit() == .signal(2))
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func `with events a wait that is broken off has its end`(signal: Int32, status: Int32) throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let program = try nt(
            "check", "\(try server.localAddress)", "unix:/nonexistent", "--wait", "1h", "--every", "1h", "--json")
        try program.line(containing: "\"check\"")
        program.send(signal: signal)
        #expect(try program.exit() == .status(status))
        let end = try #require(try Events.parse(program.output).last)
        #expect(end["event"] as? String == "end" && end["status"] as? Int == Int(status))
        #expect(end["open"] as? Int == 1 && program.errors.isEmpty)
    }

    @Test func `with events a scan that is broken off has its end`() throws {
        // A listener whose queue is full answers nobody.
        let listener = try Socket.listening(on: SocketAddress.loopback(0), backlog: 0)
        let address = try listener.localAddress
        var callers: [SharedSocket] = []
        for _ in 0..<4 {
            var caller = try Socket(.ipv4, .stream)
            try caller.setTimeLimit(.zero)
            _ = caller.connectResult(to: address)
            callers.append(SharedSocket(caller))
        }
        let port = try #require(address.port)
        let program = try nt("check", "127.0.0.1", "--ports", "\(port)", "--timeout", "1h", "--json")
        // It waits for its connection, and has held its signals back before.
        try wait(until: { try !program.blockedSignals().isEmpty })
        program.send(signal: SIGTERM)
        #expect(try program.exit() == .status(143))
        let end = try #require(try Events.parse(program.output).last)
        #expect(end["event"] as? String == "end" && end["open"] as? Int == 0 && end["silent"] as? Int == 0)
        #expect(callers.count == 4)
    }

    @Test func `events come one a line, each as soon as it is known`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let program = try nt("check", "\(try server.localAddress)", "unix:/nonexistent", "--wait", "1h", "--json")
        #expect(try program.line().hasPrefix(#"{"event":"check","address":"127.0.0.1:"#))
        program.kill()
    }
}

extension ForeignProgram {
    /// The signals that its first thread blocks, as the system writes them; nothing for none.
    fileprivate func blockedSignals() throws -> String {
        let status = try String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") })
        return String(line.dropFirst("SigBlk:".count).drop { " \t0".contains($0) })
    }
}
