// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Very many members in one room, of a server in a process of its own.
@Suite(.blocking) struct CrowdTests {
    /// What a member may cost the server: its connection, its task, its name, and its place in the room.
    static let bytesPerMember = 8192

    @Test func `ten thousand members hear one of them, within eight KiB for each`() throws {
        let count = repetitions(400, soak: 10_000)
        let server = try ForeignProgram(
            "bash", ["-c", "ulimit -n 20000; exec \"$0\" listen 127.0.0.1:0 chat -m 12000", BuiltProgram.path("nt")])
        let banner = try server.errorLine(containing: "listening tcp ")
        let words = banner.split(separator: " ").map(String.init)
        let address = try #require(words.last).split(separator: ":").map(String.init)
        // What a server of a few members needs is not the members'.
        let few = try crowd(address, 20)
        try few.write("warm\n")
        try few.line(containing: "heard by 19")
        // They leave: a chat has ten thousand members and not one more.
        try few.closeInput()
        #expect(try few.exit() == .status(0))
        let before = try server.use.memory
        let many = try crowd(address, count)
        let each = (try server.use.memory - before) / count
        #expect(Sanitizer.isOn || each <= Self.bytesPerMember, "\(each) bytes for each of \(count)")
        for word in ["hello", "again"] {
            try many.write("\(word)\n")
            #expect(try many.line(containing: "heard by") == "heard by \(count - 1)")
        }
        try many.closeInput()
        #expect(try many.exit() == .status(0))
    }

    private func crowd(_ address: [String], _ count: Int) throws -> ForeignProgram {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Peers/chat_crowd.py")
        let crowd = try ForeignProgram(
            "bash",
            ["-c", "ulimit -n 20000; exec \"$@\"", "bash", Python.executable, script.path] + address + ["\(count)"])
        crowd.limit = .seconds(600)
        try crowd.line(containing: "here \(count)")
        return crowd
    }
}
