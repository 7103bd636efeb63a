// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// A-048, A-080: ctrl-C at a terminal is heard whatever `nt connect` waits for. While there is no peer it is a signal,
/// which the thread sanitizer keeps from an idle loop; else it is a key.
@Suite(.blocking) struct TerminalInterruptTests {
    private static let end = "ended 130, terminal restored"

    private func accept(_ listener: SharedSocket) throws -> SocketFile {
        var socket = try listener.socket.accept()
        try socket.setTimeLimit(.seconds(20))
        return SocketFile(socket)
    }

    private func listener(_ place: String = "127.0.0.1:0") throws -> SharedSocket {
        var socket = try Socket.listening(on: place)
        try socket.setTimeLimit(.seconds(20))
        return SharedSocket(socket)
    }

    /// Whether a socket of this machine knocks at an IPv4 port of it.
    private func isKnocking(at port: UInt16) throws -> Bool {
        let table = try #require(try FileHandle(forReadingAtPath: "/proc/net/tcp")?.readToEnd())
        return String(decoding: table, as: UTF8.self).split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 3 && fields[2].hasSuffix(String(format: ":%04X", port)) && fields[3] == "02"
        }
    }

    @Test(.enabled(if: !Sanitizer.isOfThreads)) func `ctrl-C while it connects is the end at once`() throws {
        let full = try Socket.listening(on: "127.0.0.1:0", backlog: 0)
        let address = try full.localAddress
        let holder = SharedSocket(try Socket.connecting(to: address, within: .seconds(5)))
        defer { withExtendedLifetime(holder) {} }
        let client = try ForeignProgram.ntAtTerminal("connect", "\(address)")
        let port = try #require(address.port).rawValue
        try wait(until: { try isKnocking(at: port) })
        #expect(client.output.isEmpty, "there is nobody to say anything to")
        try client.write("\u{3}")
        try client.line(containing: Self.end)
        #expect(!client.output.contains("timed out"))
    }

    @Test(.enabled(if: !Sanitizer.isOfThreads)) func `ctrl-C while --reconnect waits is the end at once`() throws {
        let closed = try ClosedPort()
        let never = try ForeignProgram.ntAtTerminal("connect", "--reconnect", closed.address)
        try never.text(upTo: "connection refused: again in ")
        try never.write("\u{3}")
        try never.line(containing: Self.end)

        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let left = try ForeignProgram.ntAtTerminal("connect", "--reconnect", try server.address())
        try left.text(upTo: ">>: ")
        try server.errorLine(containing: "+ ")
        server.kill()
        try left.text(upTo: ": again in ")
        try left.write("\u{3}")
        try left.line(containing: Self.end)
    }

    @Test func `what is typed while nobody is there goes to whoever comes next`() throws {
        let listener = try listener()
        let client = try ForeignProgram.ntAtTerminal("connect", "--reconnect", "\(try listener.socket.localAddress)")
        let first = try accept(listener)
        try client.text(upTo: ">>: ")
        try client.write("one\r")
        #expect(try first.hear() == "one")
        try first.finishWriting()
        try client.text(upTo: ": again in ")
        // Ctrl-D too.
        try client.write("two\r\u{4}")
        let second = try accept(listener)
        #expect(try second.hear() == "two")
        #expect(try second.hear() == nil)
        try client.write("\u{3}")
        try client.line(containing: Self.end)
    }

    // The peer's own buffers take less than is pasted, and the terminal's take no more.
    @Test(arguments: [("unix", 5000), ("exec", 3000)])
    func `ctrl-C is heard where the peer reads nothing of what is pasted`(scheme: String, lines: Int) throws {
        let directory = try TemporaryDirectory()
        let listener = try listener("unix:\(directory.file("s"))")
        let address = scheme == "exec" ? "exec:sleep 1000" : "unix:\(directory.file("s"))"
        let client = try ForeignProgram.ntAtTerminal("connect", address)
        let server = scheme == "exec" ? nil : try accept(listener)
        defer { withExtendedLifetime(server) {} }
        try client.text(upTo: ">>: ")
        for number in 1...lines { try client.write(String(repeating: "x", count: 70) + "\(number)\r") }
        try client.text(upTo: "x\(lines)\r\n")
        try client.write("\u{3}")
        try client.line(containing: Self.end)
    }

    @Test func `where a program has to be ended the row is emptied, and a paste is none any more`() throws {
        let client = try ForeignProgram.ntAtTerminal("connect", "exec:sleep 1000")
        try client.text(upTo: ">>: ")
        try client.write("half a line\u{3}")
        #expect(try client.text(upTo: Self.end).contains("\r\u{1B}[K\u{1B}[?2004l"))
        #expect(!Screen(client.output).lines.contains { $0.contains("half") })
    }

    @Test func `ctrl-C is heard once ctrl-D has ended this side`() throws {
        let listener = try listener()
        let client = try ForeignProgram.ntAtTerminal("connect", "\(try listener.socket.localAddress)")
        let server = try accept(listener)
        try client.text(upTo: ">>: ")
        try client.write("\u{4}")
        #expect(try server.hear() == nil)
        try client.write("\u{3}")
        try client.line(containing: Self.end)
    }
}

@Suite(.blocking) struct TypedTextTests {
    @Test func `what was typed comes in pieces, and behind it the end`() async throws {
        let typed = TypedText()
        typed.append("one\n".utf8)
        typed.append("two\n".utf8)
        typed.end()
        typed.end(after: ToolFailure(.inputOutput, "too late"))
        #expect(try await typed.next(upTo: 6) == Array("one\ntw".utf8))
        #expect(try await typed.next(upTo: 6) == Array("o\n".utf8))
        #expect(try await typed.next(upTo: 6) == nil)
        let failed = TypedText()
        failed.end(after: ToolFailure(.inputOutput, "gone"))
        await #expect(throws: ToolFailure(.inputOutput, "gone")) { try await failed.next(upTo: 1) }
    }

    @Test func `who waits is woken, and whose task is cancelled takes nothing along`() async throws {
        let typed = TypedText()
        let cancelled = Task { try await typed.next(upTo: 10) }
        cancelled.cancel()
        await #expect(throws: ToolFailure.self) { try await cancelled.value }
        async let piece = typed.next(upTo: 10)
        typed.append("line\n".utf8)
        #expect(try await piece == Array("line\n".utf8))
    }

    @Test func `it is full at its limit`() async throws {
        let typed = TypedText()
        typed.append([UInt8](repeating: 0x61, count: TypedText.limit - 1))
        #expect(!typed.isFull)
        typed.append("\n".utf8)
        #expect(typed.isFull)
        _ = try await typed.next(upTo: 1)
        #expect(!typed.isFull)
    }
}
