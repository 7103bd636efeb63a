// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

@Suite(.blocking) struct NetcatTests {
    /// What a command line of netcat is in the verbs' words.
    private func words(_ line: String) throws -> String {
        try NetcatOptions.parse(line.split(separator: " ").map(String.init)).words().joined(separator: " ")
    }

    @Test(arguments: [
        ("db 80", "connect db:80"), ("-v db 80", "connect db:80 --verbose"), ("-u db 53", "connect udp://db:53"),
        ("-U /run/s", "connect unix:/run/s"), ("-uU /run/s", "connect unix-dgram:/run/s"),
        ("::1 80", "connect [::1]:80"),
        ("-z -w 3 db 80", "connect db:80 -z --timeout 3"), ("-zv db 80", "connect db:80 -z --verbose"),
        ("-z db 20-30", "check db --ports 20-30"), ("-N -q 1 db 80", "connect db:80 --linger 1"),
        ("-C db 80", "connect db:80 --crlf"), ("-p 4000 db 80", "connect db:80 --source 0.0.0.0:4000"),
        ("-s 10.0.0.1 db 80", "connect db:80 --source 10.0.0.1"),
        ("-s 10.0.0.1 -p 4000 db 80", "connect db:80 --source 10.0.0.1:4000"),
        ("-n 10.0.0.1 80", "connect 10.0.0.1:80"),
        ("-l 9999", "listen :9999"), ("-l -p 9999", "listen :9999"), ("-lk 9999", "listen :9999 --keep"),
        ("-lu 9999", "listen udp://:9999"), ("-l 0.0.0.0 9999", "listen 0.0.0.0:9999"),
        ("-lU /run/s", "listen unix:/run/s"),
        ("-lvp 9999", "listen :9999 --verbose"), ("-l -w 5 9999", "listen :9999 --timeout 5"),
    ])
    func `a command line of netcat is one of nt`(netcat: String, expected: String) throws {
        #expect(try words(netcat) == expected)
    }

    @Test func `-e is a list of words, never a shell`() throws {
        let options = try NetcatOptions.parse(["-l", "9999", "-e", "grep -i 'two words; rm'"])
        #expect(try options.words() == ["listen", ":9999", "exec", "--", "grep", "-i", "two words; rm"])
    }

    @Test(arguments: [
        ["nc"], ["nc", "db"], ["nc", "-l"], ["nc", "-k", "db", "80"], ["nc", "-e", "cat", "db", "80"],
        ["nc", "-n", "db", "80"], ["nc", "-l", "-z", "80"], ["nc", "-U"], ["nc", "-l", "-C", "80"],
        ["nc", "a", "b", "c"], ["nc", "-y", "db", "80"],
    ])
    func `what netcat would refuse is told in one line`(words: [String]) {
        let run = ToolRun(words)
        #expect(run.status == .usage && run.output.isEmpty)
        #expect(run.errors.hasPrefix("nt: ") && run.errors.count { $0 == "\n" } == 1)
    }

    @Test(arguments: ["nc", "ncat", "netcat"])
    func `called by that name it is netcat`(name: String) throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: directory.file(name), withDestinationPath: BuiltProgram.path("nt"))
        let server = try ForeignProgram(directory.file(name), ["-l", "127.0.0.1", "0"])
        let port = String(try #require(try server.address().split(separator: ":").last))
        let client = try ForeignProgram(directory.file(name), ["-N", "127.0.0.1", port])
        try client.write("question\n")
        #expect(try server.line() == "question")
        try server.write("answer\n")
        #expect(try client.line() == "answer")
        try client.closeInput()
        try server.closeInput()
        #expect(try client.exit() == .status(0))
        #expect(try server.exit() == .status(0))
    }

    @Test func `a word is quoted where a shell would cut it`() {
        #expect(["a-b", "two words", "it's", ""].map(\.inShell) == ["a-b", "'two words'", "'it'\\''s'", "''"])
    }
}
