// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

/// `nt relay` between datagrams.
@Suite struct RelayDatagramTests {
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
