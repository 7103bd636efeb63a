// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

/// The tool that the other tests stand on.
@Suite(.blocking) struct ForeignProgramTests {
    @Test func `lines come one by one, and what is passed over is still in the output`() throws {
        let program = try ForeignProgram("printf", ["one\\ntwo\\r\\nthree\\n"])
        #expect(try program.line() == "one")
        #expect(try program.line(containing: "ree") == "three")
        #expect(try program.exit() == .status(0))
        #expect(program.output == "one\ntwo\r\nthree\n")
    }

    @Test func `a prompt ends no line`() throws {
        let program = try ForeignProgram(
            "sh", ["-c", "printf 'name? '; read name; echo hello $name; echo bye >&2; exit 3"])
        #expect(try program.text(upTo: "? ") == "name? ")
        try program.write("Ada\n")
        #expect(try program.line() == "hello Ada")
        #expect(try program.exit() == .status(3))
        #expect(program.errors == "bye\n")
    }

    @Test func `megabytes pass in both directions at once`() throws {
        let program = try ForeignProgram("cat")
        let text = String(repeating: "0123456789", count: 400_000)
        try program.write(text)
        try program.closeInput()
        #expect(try program.exit() == .status(0))
        let isTheSame = program.output == text
        #expect(isTheSame)
    }

    @Test func `writing to a program that does not read is no signal and no error`() throws {
        let program = try ForeignProgram("true")
        try program.write(String(repeating: "x", count: 1_000_000))
        #expect(try program.exit() == .status(0))
        try program.write("more")
    }

    @Test func `what does not come fails within the limit, with what came`() throws {
        let program = try ForeignProgram("sh", ["-c", "echo here; echo oh >&2; exec cat"])
        try program.line(containing: "here")
        program.limit = .milliseconds(50)
        let failure = #expect(throws: ForeignProgram.Failure.self) { try program.line(containing: "there") }
        #expect(try #require(failure).description.contains("there"))
        #expect(try #require(failure).description.contains("here"))
        #expect(try #require(failure).description.contains("it still runs"))
    }

    @Test func `a program that has ended is not waited for`() throws {
        let program = try ForeignProgram("sh", ["-c", "echo only; exit 7"])
        program.limit = .seconds(600)
        #expect(throws: ForeignProgram.Failure.self) { try program.line(containing: "more") }
        #expect(try program.exit() == .status(7))
    }

    @Test func `the signal that ended a program is told`() throws {
        let program = try ForeignProgram("cat")
        program.send(signal: SIGTERM)
        #expect(try program.exit() == .signal(SIGTERM))
        program.send(signal: SIGTERM)
    }

    @Test func `with the object go the program and what it started`() throws {
        var program: ForeignProgram? = try ForeignProgram("sh", ["-c", "sleep 600 & echo $!; wait"])
        let own = try #require(program?.processIdentifier)
        let line = try #require(try program?.line())
        let child = try #require(CInt(line))
        program = nil
        #expect(kill(own, 0) == -1 && errno == ESRCH)
        // The child is reaped by somebody else, and may be a zombie until then.
        try wait {
            let state = (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8))?.split(separator: " ")[2]
            return state == nil || state == "Z" || state == "X"
        }
    }

    @Test func `a program that is not there is an error at once`() {
        #expect(throws: ForeignProgram.Failure.self) { try ForeignProgram("there-is-no-such-program") }
    }

    @Test func `it runs where it was told to, with what it was told`() throws {
        let folder = try TemporaryDirectory()
        try folder.write([], to: "witness")
        let program = try ForeignProgram("sh", ["-c", "ls; echo $WORD"], environment: ["WORD": "yes"], in: folder.path)
        #expect(try program.line() == "witness")
        #expect(try program.line() == "yes")
    }

    @Test func `neither this process' sockets nor the pipes to other programs are inherited`() throws {
        let socket = try Socket()
        let link = "/proc/self/fd/\(socket.descriptor.rawValue)"
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: link)
        // As long as its input is open `cat` runs, and it would be held open by a program that inherited it.
        let first = try ForeignProgram("cat")
        let second = try ForeignProgram("sh", ["-c", "ls -l /proc/self/fd; exec cat"])
        try second.text(upTo: " 2 -> ")
        #expect(own.hasPrefix("socket:["))
        try first.closeInput()
        #expect(try first.exit() == .status(0))
        try second.closeInput()
        try second.exit()
        #expect(!second.output.contains(own))
    }
}
