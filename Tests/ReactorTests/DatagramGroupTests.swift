// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// One to many: broadcast and multicast, on the loopback interface.
@Suite(.blocking) struct DatagramGroupTests {
    private static let loopback = "lo"

    // B-TW-06, B-AIO-08, A-086
    @Test(arguments: Ground.loops)
    func `a broadcast needs to be allowed, and then arrives`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: "0.0.0.0:0", loop: loop) { receiver in
                let port = try #require(receiver.localAddress.port)
                let everybody = SocketAddress.ipv4(IPv4Address(127, 255, 255, 255), port)
                try await withDatagramSocket(on: "0.0.0.0:0", loop: loop) { sender in
                    #expect(await reason { try await sender.send("x", to: everybody) } == .system(.permissionDenied))
                    try await sender.allowBroadcast()
                    try await sender.send("all", to: everybody)
                    #expect(try await receiver.text() == "all")
                    try await sender.allowBroadcast(false)
                    #expect(await reason { try await sender.send("x", to: everybody) } == .system(.permissionDenied))
                }
                let options = DatagramSocket.Options(allowsBroadcast: true)
                try await withDatagramSocket(to: everybody, options: options, loop: loop) { sender in
                    try await sender.send("peer")
                    #expect(try await receiver.text() == "peer")
                }
            }
        }
    }

    // B-TW-07, A-087
    @Test(arguments: Ground.loops)
    func `a group is joined, heard and left`(ground: Ground) async throws {
        let group = IPv4Address(239, 2, 2, 3)
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: "0.0.0.0:0", options: .init(tellsPath: true), loop: loop) { receiver in
                let address = SocketAddress.ipv4(group, try #require(receiver.localAddress.port))
                try await withDatagramSocket(on: "127.0.0.1:0", loop: loop) { sender in
                    try await sender.setMulticastInterface(Self.loopback)
                    try await sender.send("too early", to: address)
                    // In memory it is under way for a while.
                    try await loop.sleep(for: .milliseconds(1))
                    try await receiver.join(.v4(group), on: Self.loopback)
                    #expect(
                        await reason { try await receiver.join(.v4(group), on: Self.loopback) }
                            == .system(.addressInUse))
                    try await sender.send("group", to: address)
                    let datagram = try await receiver.receive()
                    #expect(datagram.bytes == Array("group".utf8))
                    #expect(datagram.destination == .v4(group))
                    // An answer comes from an address of this machine's, and not from the group.
                    try await receiver.reply("one", to: datagram)
                    #expect(try await sender.text() == "one")
                    try await receiver.leave(.v4(group), on: Self.loopback)
                    try await sender.send("gone", to: address)
                    #expect(await receiver.isSilent())
                    #expect(
                        await reason { try await receiver.leave(.v4(group), on: Self.loopback) }
                            == .system(.addressNotAvailable))
                }
            }
        }
    }

    // B-TW-07: a socket hears the groups that it joined, not those of its neighbours
    @Test(arguments: Ground.loops)
    func `what another socket joined is not heard`(ground: Ground) async throws {
        let group = IPv4Address(239, 2, 2, 4)
        try await withLoop(of: ground) { loop in
            let shared = DatagramSocket.Options(sharesAddress: true)
            try await withDatagramSocket(on: "0.0.0.0:0", options: shared, loop: loop) { member in
                try await withDatagramSocket(on: member.localAddress, options: shared, loop: loop) { neighbour in
                    try await member.join(.v4(group), on: Self.loopback)
                    let port = try #require(member.localAddress.port)
                    try await withDatagramSocket(to: "udp://\(group):\(port)?iface=lo", loop: loop) { sender in
                        try await sender.send("members only")
                        #expect(try await member.text() == "members only")
                        #expect(await neighbour.isSilent())
                        // Once both have joined each of them gets a copy: Twisted's listenMultiple.
                        try await neighbour.join(.v4(group), on: Self.loopback)
                        try await sender.send("both")
                        #expect(try await member.text() == "both")
                        #expect(try await neighbour.text() == "both")
                    }
                }
            }
        }
    }

    // B-TW-07, B-SOCO-03: source-specific multicast
    @Test(arguments: Ground.loops)
    func `a group is joined for one source alone`(ground: Ground) async throws {
        let group = IPAddress.v4(IPv4Address(232, 2, 2, 5))
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: "0.0.0.0:0", loop: loop) { receiver in
                let address = SocketAddress(group, try #require(receiver.localAddress.port))
                let (ours, other) = (IPAddress.v4(.loopback), IPAddress.v4(IPv4Address(10, 9, 8, 7)))
                try await withDatagramSocket(on: "127.0.0.1:0", loop: loop) { sender in
                    try await sender.setMulticastInterface(Self.loopback)
                    try await receiver.join(group, on: Self.loopback, from: other)
                    try await sender.send("filtered", to: address)
                    #expect(await receiver.isSilent())
                    try await receiver.join(group, on: Self.loopback, from: ours)
                    try await sender.send("heard", to: address)
                    #expect(try await receiver.text() == "heard")
                    try await receiver.leave(group, on: Self.loopback, from: ours)
                    try await sender.send("filtered again", to: address)
                    #expect(await receiver.isSilent())
                }
            }
        }
    }

    // B-TW-07: TTL, loopback, outgoing interface
    @Test(arguments: Ground.loops)
    func `what is sent to groups has its own reach, echo and interface`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            for endpoint in ["127.0.0.1:0", "[::1]:0", "*:0"] {
                try await withDatagramSocket(on: endpoint, loop: loop) { socket in
                    #expect(try await socket.value(of: .multicastTimeToLive) == 1)
                    #expect(try await socket.value(of: .multicastLoopback))
                    try await socket.setMulticastTimeToLive(7)
                    try await socket.setMulticastLoopback(false)
                    try await socket.setMulticastInterface(Self.loopback)
                    try await socket.setTimeToLive(9)
                    #expect(try await socket.value(of: .multicastTimeToLive) == 7)
                    #expect(try await !socket.value(of: .multicastLoopback))
                    #expect(try await socket.value(of: .timeToLive) == 9)
                    if socket.localAddress.family == .ipv6 {
                        #expect(try await socket.value(of: .ipv6MulticastHops) == 7)
                        #expect(try await !socket.value(of: .ipv6MulticastLoopback))
                        #expect(try await socket.value(of: .ipv6MulticastInterface) == 1)
                        #expect(try await socket.value(of: .ipv6UnicastHops) == 9)
                    }
                    #expect(await reason { try await socket.setMulticastTimeToLive(256) } == .system(.invalidArgument))
                    #expect(await reason { try await socket.setTimeToLive(0) } == .system(.invalidArgument))
                    guard case .invalid(let text) = await reason({ try await socket.setMulticastInterface("nosuch0") })
                    else {
                        Issue.record("an interface that is not there was taken")
                        return
                    }
                    #expect(text == "find interface nosuch0: no such interface")
                }
            }
        }
    }

    // B-TW-07: the time to live that arrives is the one that was set
    @Test func `the receiver sees the time to live`() async throws {
        let group = IPv4Address(239, 2, 2, 6)
        var receiver = try Socket.bound(to: "udp://0.0.0.0:0")
        try receiver.setTimeLimit(.seconds(20))
        try receiver.set(.receiveTimeToLive, to: true)
        try receiver.join(MulticastMembership(group: .v4(group), interface: 1))
        let port = try #require(try receiver.localAddress.port)
        for (hops, expected) in [("&ttl=5", 5), ("", 1), ("&ttl=0", 0)] {
            try await withDatagramSocket(to: "udp://\(group):\(port)?iface=lo\(hops)") { try await $0.send("x") }
            let ancillary = try receiver.receiveMessage(upTo: 10)?.ancillary
            #expect(ancillary == [.timeToLive(expected)])
        }
    }

    // B-TW-07: a group as an endpoint
    @Test(arguments: Ground.loops)
    func `a group is joined by being listened at`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            try await withDatagramSocket(on: "udp://239.2.2.7:0?iface=lo", loop: loop) { receiver in
                let port = try #require(receiver.localAddress.port)
                try await withDatagramSocket(to: "udp://239.2.2.7:\(port)?iface=lo&ttl=1", loop: loop) { sender in
                    try await sender.send("one word")
                    #expect(try await receiver.text() == "one word")
                }
            }
            try await withDatagramSocket(on: "udp://232.2.2.8:0?iface=lo&source=10.9.8.7", loop: loop) { receiver in
                let port = try #require(receiver.localAddress.port)
                try await withDatagramSocket(to: "udp://232.2.2.8:\(port)?iface=lo", loop: loop) { sender in
                    try await sender.send("of another source")
                    #expect(await receiver.isSilent())
                }
            }
        }
    }

    @Test(arguments: [
        "udp://239.2.2.9:0?iface=nosuch0", "udp://239.2.2.9:0?ttl=256", "udp://239.2.2.9:0?ttl=-1",
        "udp://239.2.2.9:0?iface=lo&source=me",
    ])
    func `a group's options that make no sense are refused`(endpoint: String) async throws {
        let reason = await reason { _ = try await DatagramSocket(on: endpoint) }
        switch reason {
        case .invalid, .address: break
        default: Issue.record("\(String(describing: reason))")
        }
    }

    // IPv6
    @Test func `an IPv6 group is joined by the same call`() async throws {
        let group = try IPv6Address("ff01::78:\(String(UInt16.random(in: 1...0xFFFE), radix: 16))")
        @Sendable func isJoined() throws -> Bool {
            // Loopback has no route for IPv6 groups here, so the kernel's own list is asked instead of a datagram.
            try String(contentsOfFile: "/proc/net/igmp6", encoding: .utf8).contains(group.exploded.filter { $0 != ":" })
        }
        try await withLoop { loop in
            try await withDatagramSocket(on: "[::]:0", loop: loop) { socket in
                #expect(try !isJoined())
                try await socket.join(.v6(group), on: Self.loopback)
                #expect(try isJoined())
                try await socket.leave(.v6(group), on: Self.loopback)
                #expect(try !isJoined())
                // A socket of both families joins IPv4's groups too.
                try await socket.join(.v4(IPv4Address(239, 2, 2, 10)), on: Self.loopback)
                let port = try #require(socket.localAddress.port)
                try await withDatagramSocket(to: "udp://239.2.2.10:\(port)?iface=lo", loop: loop) { sender in
                    try await sender.send("four")
                    #expect(try await socket.text() == "four")
                }
            }
        }
    }

    @Test(arguments: Ground.loops)
    func `an address that is no group can't be joined`(ground: Ground) async throws {
        try await withDatagramEnds(ground) { first, _ in
            #expect(
                await reason { try await first.join(.v4(.loopback)) } == .invalid("127.0.0.1 is no multicast group"))
        }
    }
}
