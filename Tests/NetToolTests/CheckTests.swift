// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import NetTool
@testable import Sockets

struct CheckTests {
    @Test func `an open port is open, at once`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let address = "\(try server.localAddress)"
        let run = ToolRun("check", address)
        #expect(run.status == .success && run.output.hasPrefix("\(address)   open after ") && run.errors.isEmpty)
    }

    @Test func `a port that refuses is exit code 69`() throws {
        let closed = try ClosedPort()
        let address = closed.address
        let run = ToolRun("check", address)
        #expect(run.status == .unavailable && run.output == "\(address)   refused\n")
        withExtendedLifetime(closed) {}
    }

    @Test func `all have to be open, or one with --any; lines come in the order of the words`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let open = "\(try server.localAddress)"
        let port = try ClosedPort()
        let closed = port.address
        let all = ToolRun("check", closed, open)
        #expect(all.status == .unavailable)
        #expect(
            all.output.split(separator: "\n").map { $0.prefix { $0 != " " } } == [Substring(closed), Substring(open)])
        #expect(ToolRun("check", "--any", closed, open).status == .success)
        #expect(ToolRun("check", "--any", closed, closed).status == .unavailable)
        withExtendedLifetime(port) {}
    }

    @Test func `a UNIX path is checked with the kind of socket that its scheme names`() throws {
        let name = "netwright-check-\(SystemCalls.processIdentifier)"
        let server = try Socket.listening(on: "unix-seqpacket:@\(name)")
        #expect(ToolRun("check", "unix-seqpacket:@\(name)").status == .success)
        #expect(ToolRun("check", "unix:@\(name)").status == .unavailable)
        let missing = ToolRun("check", "unix:/nonexistent/socket")
        #expect(missing.status == .unavailable)
        #expect(missing.output == "unix:/nonexistent/socket   unreachable: no such socket\n")
        try server.close()
    }

    @Test func `a UNIX listener whose queue is full is told as busy`() throws {
        let name = "unix:@netwright-full-\(SystemCalls.processIdentifier)"
        let server = try Socket.listening(on: name, backlog: 0)
        let waiting = try Socket.connecting(to: name)
        let run = ToolRun("check", name)
        #expect(run.status == .timedOut && run.output.hasSuffix("listening, but its queue is full\n"))
        try waiting.close()
        try server.close()
    }

    @Test func `over UDP a closed port refuses, an answer is open, and silence proves nothing`() throws {
        let closed = try ClosedPort()
        let refused = ToolRun("check", "udp://\(closed.address)", "--timeout", "20s")
        #expect(refused.status == .unavailable && refused.output.hasSuffix("   refused\n"))

        let silent = try Socket.bound(to: "udp://127.0.0.1:0")
        let quiet = ToolRun("check", "udp://\(try silent.localAddress)", "--timeout", "20ms")
        #expect(quiet.status == .timedOut && quiet.output.contains("open and silent, or dropped"))

        let program = try ForeignProgram(
            "python3", ["-uc", Self.udpEcho])
        let port = try program.line()
        #expect(ToolRun("check", "udp://127.0.0.1:\(port)", "--timeout", "20s").status == .success)
    }

    private static let udpEcho = """
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("127.0.0.1", 0))
        print(s.getsockname()[1])
        while True:
            s.sendto(b"here", s.recvfrom(100)[1])
        """

    @Test func `a name that nobody knows is exit code 68`() {
        let run = ToolRun("check", "nosuch.invalid:80")
        #expect(run.status == .unknownHost && run.output.hasPrefix("nosuch.invalid:80   unknown host: "))
    }

    @Test func `an address that never answers is exit code 75`() throws {
        // A queue of one that is full: the system drops what comes, as a silent host does.
        let server = try Socket.listening(on: "127.0.0.1:0", backlog: 0)
        let address = try server.localAddress
        var full = [try SharedSocket(Socket.connecting(to: address))]
        while full.count < 8 {
            var socket = try Socket()
            try socket.setTimeLimit(.milliseconds(20))
            guard case .success = socket.connectResult(to: address) else { break }
            full.append(SharedSocket(socket))
        }
        let run = ToolRun("check", "\(address)", "--timeout", "50ms")
        #expect(run.status == .timedOut && run.output == "\(address)   no answer in 50ms\n")
        try server.close()
    }

    @Test func `waiting ends with the server's first breath`() throws {
        let closed = try ClosedPort()
        let address = closed.address
        let program = try ForeignProgram(
            BuiltProgram.path("nt"), ["check", address, "--wait", "20s", "--every", "10ms"])
        try closed.socket.listen()
        #expect(try program.line(containing: address).contains("   open after "))
        #expect(try program.exit() == .status(0))
        withExtendedLifetime(closed) {}
    }

    @Test func `waiting in vain is exit code 75, and says what was last`() throws {
        let closed = try ClosedPort()
        let address = closed.address
        let run = ToolRun("check", address, "--wait", "60ms", "--every", "20ms")
        #expect(run.status == .timedOut && run.output.hasPrefix("\(address)   not open after "))
        #expect(run.output.hasSuffix(" s, at last refused\n"))
        withExtendedLifetime(closed) {}
    }

    @Test func `nothing is waited for where waiting can't help`() throws {
        let run = ToolRun("check", "exec:true", "--wait", "1h")
        #expect(run.status == .usage)
    }

    @Test(arguments: ["foo", "*:80", "exec:ls", "-", "fd:0", "systemd:x", "[::1", "host:99999", ""])
    func `what nobody connects to is exit code 64`(address: String) {
        let run = ToolRun("check", address)
        #expect(run.status == .usage && run.output.isEmpty && run.errors.hasPrefix("nt: "))
    }

    @Test func `the events tell each address, and the end`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let open = "\(try server.localAddress)"
        let port = try ClosedPort()
        let closed = port.address
        let events = try ToolRun("check", open, closed, "--json").events()
        #expect(events.compactMap { $0["event"] as? String } == ["check", "check", "end"])
        #expect(events.compactMap { $0["is_open"] as? Bool } == [true, false])
        #expect(events[1]["reason"] as? String == "refused" && events[0]["seconds"] is Double)
        #expect(events[2]["open"] as? Int == 1 && events[2]["closed"] as? Int == 1 && events[2]["status"] as? Int == 69)
        withExtendedLifetime(port) {}
    }

    @Test func `a connection with itself is not taken for a server`() throws {
        var socket = try Socket()
        try socket.bind(to: .loopback(.any))
        try socket.connect(to: try socket.localAddress)
        let isSelf = socket.isConnectedToItself
        #expect(isSelf)
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let isServed = !client.isConnectedToItself
        #expect(isServed)
        try socket.close()
    }
}
