// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Sockets with one peer, and what becomes of datagrams that nobody wants.
@Suite(.blocking) struct DatagramPeerTests {
    /// An address where nobody is.
    private func deserted(on loop: EventLoop) async throws -> SocketAddress {
        let socket = try await DatagramSocket(on: "127.0.0.2:0", loop: loop)
        let address = socket.localAddress
        socket.close()
        // A program that another test starts at this moment has a copy of the socket, until it really starts.
        try await withDatagramSocket(to: address, loop: loop) { probe in
            try await until {
                let refusal = await reason {
                    try await probe.send("anybody?")
                    try await loop.sleep(for: .milliseconds(1))
                    try await probe.send("anybody?")
                }
                return refusal == .system(.connectionRefused)
            }
        }
        return address
    }

    // B-TW-06: connected UDP
    @Test(arguments: Ground.loops)
    func `a socket with a peer hears nobody else`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, stranger in
            try await withDatagramSocket(to: first.localAddress, loop: first.loop) { client in
                #expect(client.peer == first.localAddress)
                #expect(client.localAddress.ip == .v4(IPv4Address(127, 0, 0, 1)))
                try await stranger.send("noise", to: client.localAddress)
                try await first.send("music", to: client.localAddress)
                #expect(try await client.text() == "music")
                #expect(await client.isSilent())
                // Another peer, and the noise of a moment ago is welcome.
                try await client.connect(to: stranger.localAddress)
                #expect(client.peer == stranger.localAddress)
                try await stranger.send("noise", to: client.localAddress)
                #expect(try await client.text() == "noise")
            }
        }
    }

    // P24, B-TW-06
    @Test(arguments: Ground.loops)
    func `P24: a refusal is told to a socket with a peer, which goes on`(ground: Ground) async throws {
        try await withLoop(of: ground) { [self] loop in
            let address = try await deserted(on: loop)
            try await withDatagramSocket(to: address, from: .ipv4(IPv4Address(127, 0, 0, 2), 0), loop: loop) { client in
                for _ in 0..<3 {
                    try await client.send("anybody?")
                    do {
                        _ = try await withDeadline(.seconds(20)) { try await client.receive() }
                        Issue.record("nobody has answered")
                    } catch { #expect((error as? SocketError)?.isConnectionRefused == true, "\(error)") }
                }
                // A wait that is under way when the refusal comes.
                async let waiting = reason { _ = try await client.receive() }
                try await until { try await client.isReceiving }
                try await client.send("anybody?")
                #expect(await waiting == .system(.connectionRefused))
                // A send is told of it too, sends nothing, and the next one sends.
                try await client.send("anybody?")
                try await loop.sleep(for: .milliseconds(1))
                #expect(await reason { try await client.send("lost") } == .system(.connectionRefused))
                try await withDatagramSocket(on: address, loop: loop) { server in
                    try await client.send("you?")
                    #expect(try await server.text() == "you?")
                    try await server.send("me", to: client.localAddress)
                    #expect(try await client.text() == "me")
                }
            }
        }
    }

    // P24: an ICMP refusal does not end a server, even if it asked to hear of them
    @Test(arguments: World.Mechanism.allCases, [false, true])
    func `P24: a refusal of one peer of many ends nothing`(mechanism: World.Mechanism, asksForErrors: Bool) async throws
    {
        try await withDatagramEnds(mechanism) { server, client in
            let nobody = try await deserted(on: server.loop)
            if asksForErrors { try await server.set(.receiveErrors, to: true) }
            async let served: [String] = {
                var texts: [String] = []
                for try await datagram in server { texts.append(String(decoding: datagram.bytes, as: UTF8.self)) }
                return texts
            }()
            for round in 0..<3 {
                try await until { try await server.isReceiving }
                try await server.send("anybody?", to: nobody)
                try await server.send("and again?", to: nobody)
                try await server.send("heard", to: client.localAddress)
                #expect(try await client.text() == "heard")
                try await client.send("\(round)", to: server.localAddress)
                try await until { server.receivedCount == round + 1 }
            }
            // Nothing keeps the loop awake.
            try await until { try await server.isReceiving }
            let turns = try await server.loop.run { () throws(SocketError) in server.loop.statistics.turns }
            try await server.loop.sleep(for: .milliseconds(50))
            let later = try await server.loop.run { () throws(SocketError) in server.loop.statistics.turns }
            #expect(later - turns < 50, "the loop turned \(later - turns) times with nothing to do")
            server.close()
            #expect(try await served == ["0", "1", "2"])
        }
    }

    @Test(arguments: Ground.loops)
    func `without a peer there is nobody to send to`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, second in
            #expect(await reason { try await first.send("x") } == .system(.socketNotConnected))
            try await first.connect(to: second.localAddress)
            try await first.send("x")
            #expect(try await second.text() == "x")
        }
    }

    // B-TW-06: a name
    @Test(arguments: [Ground.epoll, .memory])
    func `a name is looked up once for many sends`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: "localhost:0", loop: loop) { server in
                let port = try #require(server.localAddress.port)
                try await withDatagramSocket(on: ":0", loop: loop) { client in
                    let address = try await client.address(of: "localhost:\(port)")
                    #expect(address == .loopback(port))
                    try await client.send("named", to: address)
                    #expect(try await server.text() == "named")
                    guard case .unresolved = await reason({ _ = try await client.address(of: "no.such.invalid:1") })
                    else {
                        Issue.record("a name that does not exist was found")
                        return
                    }
                    let outcome = await reason { _ = try await client.address(of: "[::1]:1") }
                    #expect(outcome == .invalid("it has no ipv4 address"))
                }
            }
        }
    }

    // A-087's neighbour: a machine with several addresses answers from the one that was asked
    @Test(arguments: Ground.loops, ["0.0.0.0:0", "*:0"])
    func `an answer comes from the address that was asked`(ground: Ground, endpoint: String) async throws {
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: endpoint, options: .init(tellsPath: true), loop: loop) { server in
                let port = try #require(server.localAddress.port)
                for last in [UInt8(2), 3, 4] {
                    let asked = IPv4Address(127, 0, 0, last)
                    try await withDatagramSocket(to: SocketAddress.ipv4(asked, port), loop: loop) { client in
                        try await client.send("who?")
                        let datagram = try await server.receive()
                        #expect(datagram.destination?.unmapped == .v4(asked))
                        #expect(datagram.path?.interface == 1)
                        try await server.reply("me", to: datagram)
                        // A client with a peer hears nothing from another address.
                        #expect(try await client.text() == "me")
                    }
                }
            }
        }
    }

    // both families
    @Test(arguments: Ground.loops)
    func `one socket serves both families`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: "*:0", options: .init(tellsPath: true), loop: loop) { server in
                let port = try #require(server.localAddress.port)
                for host in ["127.0.0.1", "[::1]"] {
                    try await withDatagramSocket(to: "udp://\(host):\(port)", loop: loop) { client in
                        try await client.send(host)
                        let datagram = try await server.receive()
                        #expect(datagram.sender.ip?.unmapped == client.localAddress.ip)
                        try await server.reply(datagram.bytes, to: datagram)
                        #expect(try await client.text() == host)
                        try await server.send("unasked", to: try await server.address(of: client.localAddress))
                        #expect(try await client.text() == "unasked")
                    }
                }
            }
        }
    }
}
