// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// The programs that `nt listen … exec` and `nt relay … exec:` run for their clients, and clients that mean no good.
@Suite(.blocking) struct ExecRunsTests {
    /// `nt` as a server that runs a program, in whose words are no quotes.
    private func server(_ verb: String, _ words: [String], _ flags: String...) throws -> ForeignProgram {
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        return try ForeignProgram(
            BuiltProgram.path("nt"),
            verb == "listen"
                ? ["listen", "127.0.0.1:0", "exec"] + flags + ["--"] + words
                : ["relay", "127.0.0.1:0", "exec:\(quoted)"] + flags)
    }

    /// Twenty clients at a time, of which every fourth breaks off; how many had what they should have.
    private static let crowd = """
        import socket, struct, sys
        from concurrent.futures import ThreadPoolExecutor
        host, port = sys.argv[1].split(":")
        def run(number):
            with socket.create_connection((host, int(port)), 60) as peer:
                peer.sendall(b"abc%d" % number)
                if number % 4 == 3:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return True
                peer.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: peer.recv(100), b"")) == b"ABC%d" % number
        with ThreadPoolExecutor(20) as pool: print(sum(pool.map(run, range(int(sys.argv[2])))))
        """

    // P21: ten thousand with NETWRIGHT_SOAK
    @Test(arguments: ["listen", "relay"])
    func `programs for many clients leave no zombie, no descriptor and no memory behind`(verb: String) throws {
        let server = try server(verb, ["tr", "a-z", "A-Z"])
        let address = try server.address()
        func serve(_ count: Int) throws -> ProcessUse {
            let clients = try ForeignProgram.python(Self.crowd, address, "\(count)")
            clients.limit = .seconds(count > 1000 ? 600 : 60)
            #expect(try clients.line() == "\(count)")
            return try ProcessUse.settled(server)
        }
        let before = try serve(30)
        let after = try serve(repetitions(60, soak: 10_000))
        #expect(after.descriptors <= before.descriptors && after.children.count == 0)
        #expect(Sanitizer.isOn || after.memory - before.memory < 8 << 20)
    }

    @Test(arguments: ["listen", "relay"])
    func `what a program has started and left behind does not keep its client`(verb: String) throws {
        let server = try server(verb, ["sh", "-c", "sleep 100 & echo $!"])
        let address = try server.address()
        let client = try SocketFile.connected(to: address)
        let left = try #require(Int32(try client.hear() ?? ""))
        defer { kill(left, SIGKILL) }
        #expect(try client.hear() == nil)
        try client.finishWriting()
        try server.errorLine(containing: "- ")
        #expect(try ProcessUse.settled(server).children.count == 0)
    }

    @Test(arguments: ["listen", "relay"])
    func `a client hears the end of what a program says, though the program goes on`(verb: String) throws {
        let server = try server(verb, ["sh", "-c", "echo bye; exec sleep 100 >&-"], "--drain", "50ms")
        let client = try SocketFile.connected(to: try server.address())
        #expect(try client.hear() == "bye")
        #expect(try client.hear() == nil)
        #expect(try server.use.children.count == 1)
        #expect(try server.terminate() == .status(0))
    }

    // P21: a script that never reads and never ends is ended with its client
    @Test(arguments: ["listen", "relay"])
    func `a client that breaks off ends a program that has not read what it said`(verb: String) throws {
        let server = try server(verb, ["sleep", "1000"])
        let address = try server.address()
        var client = try Socket.connecting(to: address, within: .seconds(20))
        try client.setTimeLimit(.milliseconds(200))
        while (try? client.sendAll([UInt8](repeating: 0x78, count: 1 << 16))) != nil {}
        try client.set(.linger, to: .reset)
        try client.close()
        #expect(try server.errorLine(containing: "- ").contains("broken"))
        #expect(try ProcessUse.settled(server).children.count == 0)
    }

    // P21
    @Test(arguments: ["listen", "relay"])
    func `a second ctrl-C takes the programs along, and what they have started`(verb: String) throws {
        let server = try server(verb, ["sh", "-c", "sleep 1000 & echo $!; wait; sleep 1000"], "--drain", "1h")
        let client = try SocketFile.connected(to: try server.address())
        let left = try #require(Int32(try client.hear() ?? ""))
        defer { kill(left, SIGKILL) }
        let programs = try server.use.children + [left]
        #expect(programs.count == 2)
        server.send(signal: SIGINT)
        try server.errorLine(containing: "ctrl-C leaves at once")
        #expect(programs.allSatisfy(ProcessUse.isRunning))
        server.send(signal: SIGINT)
        #expect(try server.exit() == .status(130))
        try wait(until: { !programs.contains(where: ProcessUse.isRunning) })
    }

    @Test func `a second ctrl-C takes the program of a conversation along, though it does not want to end`() throws {
        let words = #"trap "echo asked >&2" TERM; echo $$; while :; do sleep 1000 & wait; done"#
        let program = try ForeignProgram.nt("connect", "exec:sh -c '\(words)'")
        let left = try #require(Int32(try program.line()))
        defer { kill(-left, SIGKILL) }
        program.send(signal: SIGINT)
        try program.errorLine(containing: "asked")
        program.send(signal: SIGINT)
        #expect(try program.exit() == .status(130))
        try wait(until: { !ProcessUse.isRunning(left) })
    }

    // P21: children are bounded
    @Test(arguments: ["listen", "relay"])
    func `no more than forty programs run at a time, and further clients wait`(verb: String) throws {
        let server = try server(verb, ["cat"])
        let clients = try (0..<41).map { _ in try SocketFile.connected(to: try server.address()) }
        for client in clients { try client.say("x\n") }
        for client in clients.dropLast() { #expect(try client.hear() == "x") }
        #expect(try server.use.children.count == 40)
        try clients[0].finishWriting()
        #expect(try clients[40].hear() == "x")
        withExtendedLifetime(server) {}
    }

    @Test(arguments: ["listen", "relay"])
    func `where descriptors are few clients of programs wait, and none is let go of`(verb: String) throws {
        let words = verb == "listen" ? "listen 127.0.0.1:0 exec cat" : "relay 127.0.0.1:0 exec:cat"
        // What whoever runs the tests has left open is not to count.
        let alone = "for n in /proc/self/fd/*; do n=${n##*/}; [ $n -gt 2 ] && eval \"exec $n>&-\"; done"
        let server = try ForeignProgram(
            "bash", ["-c", "\(alone); ulimit -n 32; exec \"$0\" \(words)", BuiltProgram.path("nt")])
        let clients = try (0..<12).map { _ in try SocketFile.connected(to: try server.address()) }
        for client in clients { try client.say("x\n") }
        for client in clients {
            #expect(try client.hear() == "x")
            try client.finishWriting()
        }
        withExtendedLifetime(server) {}
    }
}

extension ProcessUse {
    /// Whether a process goes on; one that has ended need not have been waited for.
    static func isRunning(_ process: Int32) -> Bool {
        // Behind the name in parentheses is the state.
        let state = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8))?.split(separator: ")").last
        return state.map { !$0.hasPrefix(" Z") && !$0.hasPrefix(" X") } ?? false
    }

    /// Once its clients' ends have come to it: the least that it has in many looks, a while after the last program.
    static func settled(_ server: ForeignProgram) throws -> ProcessUse {
        var least = try server.use
        let deadline = ContinuousClock.now + .seconds(20)
        var looks = 0
        while looks < 50 && ContinuousClock.now < deadline {
            let now = try server.use
            looks = now.children.isEmpty ? looks + 1 : 0
            if (now.children.count, now.descriptors) <= (least.children.count, least.descriptors) { least = now }
        }
        return least
    }
}
