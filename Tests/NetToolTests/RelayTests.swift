// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

extension ForeignProgram {
    /// `nt relay` on a free port of this machine.
    static func relay(_ words: String...) throws -> ForeignProgram {
        try ForeignProgram(BuiltProgram.path("nt"), ["relay", "127.0.0.1:0"] + words)
    }

    /// Python, with a script.
    static func python(_ script: String, _ words: String...) throws -> ForeignProgram {
        try ForeignProgram(Python.executable, ["-uc", script] + words)
    }
}

extension SocketFile {
    /// What is left to be read.
    func rest(_ maximumLength: Int = 1000) throws -> String {
        String(decoding: try readToEnd(maximumLength: maximumLength), as: UTF8.self)
    }
}

/// `nt relay` between streams.
@Suite(.blocking) struct RelayTests {
    /// Reads to the end, and only then answers in capitals.
    private static let lateAnswer = """
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1])
        while True:
            client = server.accept()[0]
            data = b"".join(iter(lambda: client.recv(65536), b""))
            client.sendall(data.upper())
            client.close()
        """

    @Test func `what comes is passed on, each way and each end by itself, and who came and went is told`() throws {
        let server = try ForeignProgram.python(Self.lateAnswer)
        let target = "127.0.0.1:\(try server.line())"
        let relay = try ForeignProgram.relay(target, "-v")
        let client = try SocketFile.connected(to: try relay.address())
        let own = "\(try client.shared.socket.localAddress)"
        try relay.errorLine(containing: "+ \(own)")
        try client.say("hello")
        try client.finishWriting()
        #expect(try client.rest() == "HELLO")
        #expect(try relay.errorLine(containing: "- ").hasPrefix("- \(own)  5 bytes in, 5 out"))
        #expect(try relay.terminate() == .status(0))
        #expect(relay.output.isEmpty)
        #expect(relay.errors.contains("\n  to \(target)\n") && relay.errors.contains("\n  \(own) to \(target)\n"))
        #expect(relay.errors.contains("\n1 client, 5 bytes in, 5 out, up "))
    }

    @Test func `a target that ends first does not end what the client still says`() throws {
        let server = try ForeignProgram.python(
            """
            import socket
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            client = server.accept()[0]
            client.sendall(b"that is all")
            client.shutdown(socket.SHUT_WR)
            print(b"".join(iter(lambda: client.recv(65536), b"")).decode())
            """)
        let relay = try ForeignProgram.relay("127.0.0.1:\(try server.line())")
        let client = try SocketFile.connected(to: try relay.address())
        #expect(try client.rest() == "that is all")
        try client.say("and I")
        try client.finishWriting()
        #expect(try server.line() == "and I")
    }

    // P11: every byte or an error
    @Test(arguments: [[], ["--throttle", "512M"], ["--delay", "1ms"], ["--dump", "/dev/null", "--hex"]])
    func `every byte arrives, through two relays and a UNIX path`(flags: [String]) throws {
        let size = flags.first == "--dump" ? 1 << 20 : repetitions(16 << 20, soak: 1 << 30)
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let inner = try ForeignProgram.nt("relay", "unix:\(directory.file("s"))", try server.address())
        try inner.errorLine(containing: "listening ")
        let outer = try ForeignProgram(
            BuiltProgram.path("nt"), ["relay", "127.0.0.1:0", "unix:\(directory.file("s"))"] + flags)
        let answer = try ForeignProgram.python(
            """
            import hashlib, random, socket, sys, threading
            host, port = sys.argv[1].split(":")
            peer = socket.create_connection((host, int(port)))
            sent, received, left = hashlib.sha256(), hashlib.sha256(), int(sys.argv[2])
            chance = random.Random(11)
            def send():
                global left
                while left:
                    data = chance.randbytes(min(left, chance.randrange(1, 300000)))
                    sent.update(data)
                    peer.sendall(data)
                    left -= len(data)
                peer.shutdown(socket.SHUT_WR)
            thread = threading.Thread(target=send)
            thread.start()
            count = 0
            while data := peer.recv(100000):
                received.update(data)
                count += len(data)
            thread.join()
            print(count, sent.hexdigest() == received.hexdigest())
            """, try outer.address(), "\(size)")
        answer.limit = .seconds(120)
        #expect(try answer.line() == "\(size) True")
    }

    // P12: backpressure end to end
    @Test func `a client that never reads costs no memory, whatever is offered`() throws {
        let server = try ForeignProgram.python(
            """
            import socket
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            client = server.accept()[0]
            client.settimeout(1)
            sent = 0
            try:
                while sent < 128 << 20: sent += client.send(b"x" * (1 << 20))
            except TimeoutError: pass
            print("stuck", sent < 128 << 20)
            server.accept()
            """)
        let relay = try ForeignProgram.relay("127.0.0.1:\(try server.line())")
        let client = try SocketFile.connected(to: try relay.address())
        try relay.errorLine(containing: "+ ")
        let before = try relay.use.memory
        #expect(try server.line() == "stuck True")
        #expect(try relay.use.memory - before < 32 << 20)
        withExtendedLifetime(client) {}
    }

    // P12: backpressure end to end
    @Test(arguments: ["--dump", "--capture"])
    func `a reader of what is written down that does not read holds up its clients, and costs no memory`(
        flag: String
    ) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("pipe")
        try #require(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "discard")
        let relay = try ForeignProgram.relay(try server.address(), flag, path)
        let address = try relay.address()
        let before = try relay.use.memory
        let client = try ForeignProgram.python(
            """
            import socket, sys
            host, port = sys.argv[1].split(":")
            client = socket.create_connection((host, int(port)))
            client.settimeout(1)
            sent = 0
            try:
                while sent < 128 << 20: sent += client.send(b"x" * (1 << 20))
            except TimeoutError: pass
            print("stuck", sent < 128 << 20)
            sys.stdin.read()
            """, address)
        #expect(try client.line() == "stuck True")
        #expect(try Sanitizer.isOn || relay.use.memory - before < 32 << 20)
        // Whoever asked for it has gone: there is nothing to say to anybody.
        close(reader)
        #expect(try relay.exit() == .status(74))
        #expect(!relay.errors.contains("nt: "))
    }

    @Test(arguments: [true, false])
    func `a reset of one side is one for the other side`(isTargets: Bool) throws {
        let server = try ForeignProgram.python(
            """
            import socket, struct, sys
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            client = server.accept()[0]
            client.recv(1)
            print("heard")
            if sys.argv[1] == "true":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
            else:
                try: print("ended" if not client.recv(1) else "?")
                except ConnectionResetError: print("reset")
            """, "\(isTargets)")
        let relay = try ForeignProgram.relay("127.0.0.1:\(try server.line())")
        var client = try Socket.connecting(to: try relay.address(), within: .seconds(20))
        try client.setTimeLimit(.seconds(20))
        try client.sendAll("x".utf8)
        if isTargets {
            var reason: SocketError.Reason?
            do throws(SocketError) { _ = try client.receive(upTo: 1) } catch { reason = error.reason }
            #expect(reason == .broken(.connectionReset))
        } else {
            try relay.errorLine(containing: "+ ")
            try server.line(containing: "heard")
            try client.set(.linger, to: .reset)
            try client.close()
            #expect(try server.line() == "reset")
        }
        #expect(try relay.errorLine(containing: "- ").contains("connection reset by peer"))
    }

    @Test(arguments: [true, false])
    func `a side that breaks off is noticed while the other side takes nothing`(isTargets: Bool) throws {
        let server = try ForeignProgram.python(
            """
            import socket, struct, sys
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            client = server.accept()[0]
            if sys.argv[1] == "true":
                client.settimeout(0.2)
                try:
                    while True: client.send(b"x" * 65536)
                except TimeoutError: pass
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
            sys.stdin.read()
            """, "\(isTargets)")
        let relay = try ForeignProgram.relay("127.0.0.1:\(try server.line())")
        var client = try Socket.connecting(to: try relay.address(), within: .seconds(20))
        if !isTargets {
            try client.setTimeLimit(.milliseconds(200))
            while (try? client.sendAll([UInt8](repeating: 0x78, count: 1 << 16))) != nil {}
            try client.set(.linger, to: .reset)
            try client.close()
        }
        // On a slow machine it may still be listened to when it breaks off, and says so itself.
        #expect(try relay.errorLine(containing: "- ").contains("broken"))
    }

    @Test func `a target that can't be had is a reset for the client, and a reason in the line`() throws {
        let closed = try ClosedPort()
        let relay = try ForeignProgram.relay(closed.address)
        let client = try SocketFile.connected(to: try relay.address())
        #expect((try? client.rest()) ?? "" == "")
        let line = try relay.errorLine(containing: "- ")
        #expect(line.contains("  0 bytes in, 0 out  (connect \(closed.address): connection refused"))
    }

    @Test func `of several targets the first that answers is taken`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "second")
        let closed = try ClosedPort()
        let relay = try ForeignProgram.relay(closed.address, try server.address())
        for _ in 0..<3 {
            #expect(try SocketFile.connected(to: try relay.address()).hear() == "second")
        }
    }

    @Test func `balanced targets take turns, and one that is away is passed over`() throws {
        let servers = try ["one", "two"].map { try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", $0) }
        let relay = try ForeignProgram.relay(
            try servers[0].address(), try servers[1].address(), "--balance")
        let answers = try (0..<4).map { _ in try SocketFile.connected(to: try relay.address()).hear() }
        #expect(answers == ["one", "two", "one", "two"])
        #expect(try servers[0].terminate() == .status(0))
        let later = try (0..<4).map { _ in try SocketFile.connected(to: try relay.address()).hear() }
        #expect(later == Array(repeating: "two", count: 4))
    }

    @Test func `a program serves each client, reads its end and is ended with it`() throws {
        let relay = try ForeignProgram.relay("exec:sh -c 'echo ready; tr a-z A-Z; echo done'")
        for word in ["one", "two"] {
            let client = try SocketFile.connected(to: try relay.address())
            #expect(try client.hear() == "ready")
            try client.say("\(word)\n")
            try client.finishWriting()
            #expect(try client.rest() == "\(word.uppercased())\ndone\n")
        }
        let failing = try ForeignProgram.relay("exec:sh -c 'echo no; exit 3'")
        #expect(try SocketFile.connected(to: try failing.address()).rest() == "no\n")
        #expect(try failing.errorLine(containing: "- ").hasSuffix("  0 bytes in, 3 out  (sh: exit code 3)"))
    }

    @Test func `a program that has ended is the end, whatever its client still has to say`() throws {
        let relay = try ForeignProgram.relay("exec:echo bye", "-v")
        let client = try SocketFile.connected(to: try relay.address())
        #expect(try client.rest() == "bye\n")
        #expect(try relay.errorLine(containing: "- ").contains("  0 bytes in, 4 out, "))
        withExtendedLifetime(client) {}
    }

    @Test func `a client whose connection is silent for too long in both directions is let go`() throws {
        let server = try ForeignProgram.python(
            """
            import socket
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            client = server.accept()[0]
            import time
            for _ in range(8):
                time.sleep(0.1)
                client.sendall(b".")
            client.recv(1)
            """)
        let relay = try ForeignProgram.relay("127.0.0.1:\(try server.line())", "--idle", "400ms")
        let client = try SocketFile.connected(to: try relay.address())
        // One direction alone keeps it.
        #expect(try client.read(exactly: 8).count == 8)
        #expect((try? client.rest()) ?? "" == "")
        #expect(try relay.errorLine(containing: "- ").hasSuffix("  0 bytes in, 8 out  (idle for 400ms)"))
    }

    @Test func `--throttle and --delay take their time`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let slow = try ForeignProgram.relay(try server.address(), "--throttle", "100K")
        let begin = ContinuousClock.now
        let client = try SocketFile.connected(to: try slow.address())
        try client.write([UInt8](repeating: 7, count: 50 << 10))
        try client.finishWriting()
        #expect(try client.readToEnd(maximumLength: 100_000).count == 50 << 10)
        #expect(begin.duration(to: .now) > .milliseconds(430))
        let far = try ForeignProgram.relay(try server.address(), "--delay", "100ms")
        let start = ContinuousClock.now
        let other = try SocketFile.connected(to: try far.address())
        try other.say("x")
        try other.finishWriting()
        #expect(try other.rest() == "x")
        #expect(start.duration(to: .now) > .milliseconds(200))
    }

    @Test func `what passes is shown, as lines or in hexadecimal, and nothing that a terminal acts on`() throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let relay = try ForeignProgram.relay(try server.address(), "--dump", directory.file("dump"))
        let client = try SocketFile.connected(to: try relay.address())
        let own = "\(try client.shared.socket.localAddress)"
        try client.say("one\r\n\u{1B}[31m\n")
        #expect(try client.hear() == "one")
        try client.finishWriting()
        _ = try client.rest()
        try relay.errorLine(containing: "- ")
        let dump = try String(contentsOfFile: directory.file("dump"), encoding: .utf8)
        #expect(dump.hasPrefix("> \(own)  11 bytes\n> one\n> "))
        #expect(dump.contains("\n< \(own)  11 bytes\n< one\n") && !dump.contains("\u{1B}"))
        let mode = try FileManager.default.attributesOfItem(atPath: directory.file("dump"))[.posixPermissions]
        #expect(mode as? Int == 0o600)

        let hex = try ForeignProgram.relay(try server.address(), "-x")
        let second = try SocketFile.connected(to: try hex.address())
        try second.say("0123456789abcdef\n")
        #expect(try second.hear() == "0123456789abcdef")
        try hex.line(
            containing: "> 00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  |0123456789abcdef|")
        try hex.line(containing: "> 00000010  0a  ")
    }
}
