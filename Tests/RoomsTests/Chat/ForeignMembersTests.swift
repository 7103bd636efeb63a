// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Reactor
import Rooms
import Sockets
import TestSupport
import Testing

/// Members whose programs we did not write: telnet, ncat and Python, in one room.
@Suite(.blocking) struct ForeignMembersTests {
    /// A loop's thread serves; what waits for programs does so here.
    private func withParty(_ body: @escaping @Sendable (SocketAddress) throws -> Void) async throws {
        try await withLoop(of: .real) { loop in
            try await Party.with(on: loop) { party in
                try await withTaskExecutorPreference(globalConcurrentExecutor) { try body(party.address) }
            }
        }
    }

    private static func python(_ address: SocketAddress, _ encoding: String) throws -> ForeignProgram {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Peers/chat_client.py")
        return try ForeignProgram(
            Python.executable,
            [script.path, "\(try #require(address.ip))", "\(try #require(address.port))", encoding])
    }

    //
    @Test(.enabled(if: Installed.has("telnet", "ncat"), "NOT tested: telnet or ncat is not installed"))
    func `telnet, ncat and Python talk in one room, in UTF-8 and GBK`() async throws {
        try await withParty { address in
            let (host, port) = ("\(try #require(address.ip))", "\(try #require(address.port))")
            let telnet = try ForeignProgram("telnet", [host, port])
            try telnet.line(containing: "you are in lobby")
            let ncat = try ForeignProgram("ncat", [host, port])
            try ncat.line(containing: "you are in lobby")
            let python = try Self.python(address, "gbk")
            try python.line(containing: "you are in lobby")
            for (program, name) in [(telnet, "tel"), (ncat, "cat"), (python, "py")] {
                try program.write("/nick \(name)\n")
                try program.line(containing: "you are now \(name)")
            }
            try python.write("/encoding gbk\n")
            try python.line(containing: "GBK")
            try telnet.write("hello from telnet\n")
            #expect(try ncat.line(containing: "<") == "<tel> hello from telnet")
            #expect(try python.line(containing: "<") == "<tel> hello from telnet")
            try ncat.write("你好\n")
            #expect(try telnet.line(containing: "<cat>") == "<cat> 你好")
            #expect(try python.line(containing: "<cat>") == "<cat> 你好")
            try python.write("再见\n")
            #expect(try telnet.line(containing: "<py>") == "<py> 再见")
            #expect(try ncat.line(containing: "<py>") == "<py> 再见")
            // An end of the input is an end of the member, for those who say it.
            try python.closeInput()
            #expect(try python.exit() == .status(0))
            try telnet.line(containing: "py has left")
            try telnet.write("/quit\n")
            try telnet.line(containing: "goodbye")
            try telnet.exit()
            try ncat.line(containing: "tel has left")
        }
    }
}
