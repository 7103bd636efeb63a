// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// `nt relay` between datagrams.
@Suite(.blocking) struct RelayDatagramTests {
    fileprivate static let echo = """
        import socket
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        print(server.getsockname()[1])
        while True:
            data, peer = server.recvfrom(70000)
            server.sendto(data.upper() + b" " + str(peer[1]).encode() if len(data) < 1000 else data, peer)
        """

    /// A relay to an echo that tells who asked. Both live as long as this does.
    private struct Path {
        let server: ForeignProgram
        let relay: ForeignProgram
        let address: String

        init(_ words: String...) throws {
            server = try ForeignProgram.python(RelayDatagramTests.echo)
            relay = try ForeignProgram(
                BuiltProgram.path("nt"),
                ["relay", "udp://127.0.0.1:0", "udp://127.0.0.1:\(try server.line())"] + words)
            address = try relay.address()
        }
    }

    private func client(of address: String) throws -> SharedSocket {
        var socket = try Socket(.ipv4, .datagram)
        _ = socket.connectResult(to: try SocketAddress(address))
        try socket.setTimeLimit(.seconds(20))
        return SharedSocket(socket)
    }

    @Test func `each client has its answers, by a socket of its own`() throws {
        let path = try Path()
        let (relay, address) = (path.relay, path.address)
        var ports: Set<String> = []
        for word in ["one", "two"] {
            let client = try client(of: address)
            try client.socket.sendAll(Array(word.utf8))
            let answer = String(decoding: try client.socket.receive(upTo: 100) ?? [], as: UTF8.self).split(
                separator: " ")
            #expect(answer.first.map(String.init) == word.uppercased())
            ports.insert(String(answer[1]))
            let own = "\(try client.socket.localAddress)"
            try relay.errorLine(containing: "+ \(own)")
        }
        #expect(ports.count == 2)
        #expect(try relay.terminate() == .status(0))
        #expect(relay.errors.contains("\n2 clients, 2 datagrams in, 2 out"))
        withExtendedLifetime(path) {}
    }

    @Test(arguments: [[], ["--delay", "20ms"], ["--throttle", "100M"]])
    func `the longest datagrams pass, and empty ones`(flags: [String]) throws {
        let server = try ForeignProgram.python(Self.echo)
        let relay = try ForeignProgram(
            BuiltProgram.path("nt"),
            ["relay", "udp://127.0.0.1:0", "udp://127.0.0.1:\(try server.line())"] + flags)
        let client = try client(of: try relay.address())
        let longest = [UInt8](repeating: 7, count: 65_507)
        try client.socket.sendAll(longest)
        #expect(try client.socket.receive(upTo: 70_000) == longest)
        _ = try client.socket.send([UInt8]())
        #expect(try client.socket.receive(upTo: 100)?.first == UInt8(ascii: " "))
    }

    @Test func `a client that is silent for too long is forgotten, and known anew when it speaks`() throws {
        let path = try Path("--idle", "50ms")
        let (relay, address) = (path.relay, path.address)
        let client = try client(of: address)
        for _ in 0..<2 {
            try client.socket.sendAll(Array("x".utf8))
            #expect(try client.socket.receive(upTo: 100)?.first == UInt8(ascii: "X"))
            try relay.errorLine(containing: "- ")
        }
        try relay.errorLine(containing: "- ")
        #expect(try relay.terminate() == .status(0))
        #expect(relay.errors.contains("\n2 clients, "))
        withExtendedLifetime(path) {}
    }

    @Test func `what is kept for longer than a client may be silent has its answer`() throws {
        let path = try Path("--idle", "20ms", "--delay", "100ms")
        let client = try client(of: path.address)
        try client.socket.sendAll(Array("x".utf8))
        #expect(try client.socket.receive(upTo: 100)?.first == UInt8(ascii: "X"))
        withExtendedLifetime(path) {}
    }

    @Test func `more clients than --max lose their datagrams, and everything is lost with --drop 100%`() throws {
        let path = try Path("--max", "1")
        let (relay, address) = (path.relay, path.address)
        let first = try client(of: address)
        try first.socket.sendAll(Array("x".utf8))
        #expect(try first.socket.receive(upTo: 100)?.first == UInt8(ascii: "X"))
        let second = try client(of: address)
        try second.socket.sendAll(Array("y".utf8))
        try first.socket.sendAll(Array("z".utf8))
        #expect(try first.socket.receive(upTo: 100)?.first == UInt8(ascii: "Z"))
        #expect(try relay.terminate() == .status(0))
        #expect(relay.errors.contains("\n1 client, 2 datagrams in, 2 out"))

        let lossyPath = try Path("--drop", "100%")
        let lossy = lossyPath.relay
        let third = try client(of: lossyPath.address)
        try third.socket.sendAll(Array("abc".utf8))
        try lossy.errorLine(containing: "+ ")
        #expect(try lossy.terminate() == .status(0))
        #expect(lossy.errors.contains("\n1 client, 1 datagram in, 0 out"))
        withExtendedLifetime((path, lossyPath)) {}
    }

    // P24: a refusal ends nothing
    @Test func `a target that is away ends nothing`() throws {
        let away = try Socket(.ipv4, .datagram)
        try away.bind(to: SocketAddress("127.0.0.1:0"))
        let place = try away.localAddress
        try away.close()
        let relay = try ForeignProgram(BuiltProgram.path("nt"), ["relay", "udp://127.0.0.1:0", "udp://\(place)"])
        let client = try client(of: try relay.address())
        for _ in 0..<3 { try client.socket.sendAll(Array("x".utf8)) }
        try relay.errorLine(containing: "+ ")
        var back = try Socket(.ipv4, .datagram)
        try back.bind(to: place)
        try back.setTimeLimit(.seconds(20))
        try client.socket.sendAll(Array("now".utf8))
        var heard = ""
        while heard != "now" { heard = String(decoding: try back.receive(upTo: 10) ?? [], as: UTF8.self) }
        #expect(try relay.terminate() == .status(0))
    }
}

/// `nt relay` between datagrams of other people's programs, and of UNIX paths.
@Suite(.blocking) struct RelayDatagramForeignTests {
    @Test func `socat and ncat talk by way of a relay`() throws {
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "time")
        let relay = try ForeignProgram.nt("relay", "udp://127.0.0.1:0", "udp://\(try server.address())")
        let place = try relay.address().split(separator: ":")
        let clients = [
            ["socat", "-T1", "-", "UDP:127.0.0.1:\(place[1])"], ["ncat", "-u", "127.0.0.1", "\(place[1])"],
        ]
        for words in clients {
            let client = try ForeignProgram(words[0], Array(words.dropFirst()))
            try client.write("hello \(words[0])\n")
            #expect(try client.line().hasSuffix("] hello \(words[0])"))
        }
    }

    @Test(arguments: ["unix-dgram", "udp"]) func `a UNIX path is led to, and led from`(listening: String) throws {
        let directory = try TemporaryDirectory()
        let server = try ForeignProgram.python(
            """
            import socket, sys
            server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            server.bind(sys.argv[1])
            print("ready")
            while True:
                data, peer = server.recvfrom(300000)
                server.sendto(data.upper(), peer)
            """, directory.file("server"))
        try server.line(containing: "ready")
        let place = listening == "udp" ? "udp://127.0.0.1:0" : "unix-dgram:\(directory.file("relay"))"
        let relay = try ForeignProgram.nt("relay", place, "unix-dgram:\(directory.file("server"))")
        let address = try relay.address()
        var client = try Socket(listening == "udp" ? .ipv4 : .unix, .datagram)
        if listening == "udp" {
            try client.connect(to: SocketAddress(address))
        } else {
            try client.bind(to: .unix(UnixAddress(path: directory.file("client"))))
            try client.connect(to: .unix(UnixAddress(path: directory.file("relay"))))
        }
        try client.setTimeLimit(.seconds(20))
        // One that UDP could not carry.
        let longest = listening == "udp" ? 60_000 : 150_000
        for count in [1, longest] {
            try client.sendAll([UInt8](repeating: UInt8(ascii: "x"), count: count))
            #expect(try client.receive(upTo: 300_000) == [UInt8](repeating: UInt8(ascii: "X"), count: count))
        }
        #expect(try relay.terminate() == .status(0))
        #expect(relay.errors.contains("\n1 client, 2 datagrams in, 2 out"))
    }

    @Test func `clients of one host go to targets in turn, and each stays with its own`() throws {
        let script = """
            import socket, sys
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(("127.0.0.1", 0))
            print(server.getsockname()[1])
            while True: server.sendto(sys.argv[1].encode(), server.recvfrom(100)[1])
            """
        let servers = try ["one", "two"].map { try ForeignProgram.python(script, $0) }
        let targets = try servers.map { "udp://127.0.0.1:\(try $0.line())" }
        let relay = try ForeignProgram.nt("relay", "udp://127.0.0.1:0", targets[0], targets[1], "--balance")
        let answers = try ["one", "two", "one"].map { expected in
            var client = try Socket(.ipv4, .datagram)
            try client.connect(to: SocketAddress(try relay.address()))
            try client.setTimeLimit(.seconds(20))
            for _ in 0..<2 {
                try client.sendAll("?".utf8)
                #expect(try client.receive(upTo: 10) == Array(expected.utf8))
            }
            return expected
        }
        #expect(answers.count == 3)
    }

    @Test func `--throttle spreads datagrams over time, and a client of --deny is not heard`() throws {
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "echo")
        let target = "udp://\(try server.address())"
        let relay = try ForeignProgram.nt("relay", "udp://127.0.0.1:0", target, "--throttle", "100K")
        var client = try Socket(.ipv4, .datagram)
        try client.connect(to: SocketAddress(try relay.address()))
        try client.setTimeLimit(.seconds(20))
        let begin = ContinuousClock.now
        for _ in 0..<5 { try client.sendAll([UInt8](repeating: 7, count: 10 << 10)) }
        for _ in 0..<5 { #expect(try client.receive(upTo: 20_000)?.count == 10 << 10) }
        #expect(begin.duration(to: .now) > .milliseconds(400))
        let closed = try ForeignProgram.nt("relay", "udp://127.0.0.1:0", target, "--deny", "127.0.0.1")
        var stranger = try Socket(.ipv4, .datagram)
        try stranger.connect(to: SocketAddress(try closed.address()))
        try stranger.sendAll("x".utf8)
        #expect(try closed.terminate() == .status(0))
        #expect(closed.errors.contains("\n0 clients, ") || closed.errors.contains("\n0 datagrams in, 0 out"))
    }
}
