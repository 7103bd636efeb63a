// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct DatagramTests {
    //
    @Test func `a datagram arrives with its sender`() throws {
        let receiver = try Socket.bound(to: "udp://127.0.0.1:0")
        let sender = try Socket.bound(to: "udp://127.0.0.1:0")
        try sender.send("hahaha".utf8, to: "\(try receiver.localAddress)")
        let message = try #require(try receiver.receiveFrom(upTo: 1024))
        #expect(message.bytes == Array("hahaha".utf8))
        #expect(try message.sender == sender.localAddress)
        #expect(!message.isTruncated)
    }

    //
    @Test func `two threads use one socket, one for each direction, and neither waits for the other`() throws {
        let count = 200
        let ends = try (0..<2).map { _ in SharedSocket(try Socket.bound(to: "udp://127.0.0.1:0")) }
        let addresses = try ends.map { try $0.socket.localAddress }
        let receivers = (0..<2).map { index in
            BlockingThread { () -> Int in
                var sum = 0
                for _ in 0..<count { sum += Int(try ends[index].socket.receive(upTo: 10)?.first ?? 0) }
                return sum
            }
        }
        let senders = (0..<2).map { index in
            BlockingThread {
                for number in 0..<count {
                    try ends[index].socket.send([UInt8(truncatingIfNeeded: number)], to: addresses[1 - index])
                }
            }
        }
        for sender in senders { try sender.join() }
        let expected = (0..<count).reduce(0) { $0 + ($1 & 0xFF) }
        for receiver in receivers { #expect(try receiver.join() == expected) }
    }

    //
    @Test func `a socket that is not bound receives nothing until a send has given it an address`() throws {
        var socket = try Socket(.ipv4, .datagram)
        try socket.setTimeLimit(.milliseconds(10))
        let error = #expect(throws: SocketError.self) { _ = try socket.receiveFrom(upTo: 10) }
        #expect(error?.reason == .timedOut)
    }

    //
    @Test func `the port that the first send was given is kept`() throws {
        let receiver = try Socket.bound(to: "udp://127.0.0.1:0")
        let sender = try Socket(.ipv4, .datagram)
        try sender.send("1".utf8, to: try receiver.localAddress)
        let first = try receiver.receiveFrom(upTo: 10)?.sender
        try sender.send("2".utf8, to: try receiver.localAddress)
        #expect(try receiver.receiveFrom(upTo: 10)?.sender == first)
        #expect(try sender.localAddress.port == first?.port)
    }

    // A-088, P24: truncation is reported
    @Test func `P24: a datagram that does not fit says so`() throws {
        let receiver = try Socket.bound(to: "udp://127.0.0.1:0")
        let sender = try Socket(.ipv4, .datagram)
        try sender.send([UInt8](repeating: 1, count: 100), to: try receiver.localAddress)
        let message = try #require(try receiver.receiveFrom(upTo: 10))
        #expect(message.isTruncated)
        #expect(message.bytes.count == 10)
        try sender.send([UInt8](repeating: 2, count: 100), to: try receiver.localAddress)
        let error = #expect(throws: SocketError.self) { _ = try receiver.receive(upTo: 10) }
        #expect(error?.reason == .truncated(100))
        try sender.send([3], to: try receiver.localAddress)
        #expect(try receiver.receive(upTo: 10) == [3])
        let long = try sender.sendMessage([[UInt8](repeating: 4, count: 20)], to: try receiver.localAddress)
        #expect(long == 20)
        #expect(try receiver.receiveMessage(upTo: 10)?.isTruncated == true)
    }

    // P24: the longest and the empty datagram
    @Test(arguments: [0, 1, 65_507])
    func `P24: datagrams of any legal length keep their borders`(length: Int) throws {
        let receiver = try Socket.bound(to: "udp://127.0.0.1:0")
        let sender = try Socket(.ipv4, .datagram)
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        try sender.send(bytes, to: try receiver.localAddress)
        try sender.send("next".utf8, to: try receiver.localAddress)
        let message = try #require(try receiver.receiveFrom(upTo: 65_536))
        #expect(message.bytes == bytes)
        #expect(try receiver.receive(upTo: 100) == Array("next".utf8))
    }

    // P24
    @Test func `P24: a datagram that is too long is an error and sends nothing`() throws {
        let receiver = try Socket.bound(to: "udp://127.0.0.1:0")
        let sender = try Socket(.ipv4, .datagram)
        let error = #expect(throws: SocketError.self) {
            try sender.send([UInt8](repeating: 0, count: 65_508), to: try receiver.localAddress)
        }
        #expect(error?.reason == .system(.messageTooLong))
    }

    // P24: an ICMP refusal does not end a server
    @Test func `P24: a refusal of one peer ends nothing`() throws {
        let server = try Socket.bound(to: "udp://127.0.0.1:0")
        let gone = try { () throws -> SocketAddress in try Socket.bound(to: "udp://127.0.0.1:0").localAddress }()
        for _ in 0..<3 { try server.send("anybody?".utf8, to: gone) }
        let sender = try Socket(.ipv4, .datagram)
        try sender.send("me".utf8, to: try server.localAddress)
        #expect(try server.receive(upTo: 10) == Array("me".utf8))
    }

    // a connected datagram socket does learn of it
    @Test func `a connected datagram socket hears that nobody is there`() throws {
        let gone = try { () throws -> SocketAddress in try Socket.bound(to: "udp://127.0.0.1:0").localAddress }()
        var socket = try Socket(.ipv4, .datagram)
        try socket.connect(to: gone)
        try socket.setTimeLimit(.seconds(5))
        _ = try socket.send("x".utf8)
        let error = #expect(throws: SocketError.self) { _ = try socket.receive(upTo: 1) }
        #expect(error?.isConnectionRefused == true)
    }

    // P24: received + dropped (counted) = sent
    @Test func `P24: what was sent was received or counted as dropped`() throws {
        let count = repetitions(10_000, soak: 100_000)
        let receiver = try Socket.bound(to: "udp://127.0.0.1:0")
        try receiver.set(.dropCount, to: true)
        try receiver.set(.receiveBuffer, to: 32_768)
        let sender = try Socket(.ipv4, .datagram)
        let address = try receiver.localAddress
        var received = 0
        var dropped: UInt32 = 0
        var sent = 0
        func drain() throws {
            while try select(readable: [receiver.descriptor], timeout: .zero).readable.count == 1 {
                let message = try present(receiver.receiveMessage(upTo: 100))
                received += 1
                for case .dropCount(let total) in message.ancillary { dropped = max(dropped, total) }
            }
        }
        // Bursts that are longer than the buffer, so that some are lost, and one more at the end that tells how many.
        while sent < count {
            for _ in 0..<min(1000, count - sent) {
                try sender.send([1, 2, 3, 4], to: address)
                sent += 1
            }
            try drain()
        }
        try sender.send([5], to: address)
        try drain()
        #expect(received + Int(dropped) == sent + 1)
        #expect(dropped > 0)
    }

    //
    @Test func `a broadcast needs the option, or it is denied`() throws {
        let socket = try Socket(.ipv4, .datagram)
        let address = SocketAddress.ipv4(.broadcast, 9)
        let error = #expect(throws: SocketError.self) { try socket.send("x".utf8, to: address) }
        #expect(error?.isPermissionDenied == true)
        try socket.set(.broadcast, to: true)
        #expect(try socket[.broadcast])
    }

    // the loopback network's own broadcast address really delivers
    @Test func `a broadcast arrives`() throws {
        let receiver = try Socket.bound(to: "udp://0.0.0.0:0")
        let port = try #require(try receiver.localAddress.port)
        let sender = try Socket(.ipv4, .datagram)
        try sender.set(.broadcast, to: true)
        try sender.send("all".utf8, to: SocketAddress.ipv4(IPv4Address(127, 255, 255, 255), port))
        #expect(try receiver.receive(upTo: 10) == Array("all".utf8))
    }

    // A-087, B-SOCO-03
    @Test func `a multicast group is joined, heard and left`() throws {
        let group = IPv4Address(239, 1, 2, 3)
        var receiver = try Socket.bound(to: "udp://0.0.0.0:0")
        try receiver.setTimeLimit(.seconds(5))
        let port = try #require(try receiver.localAddress.port)
        let membership = MulticastMembership(group: .v4(group), interface: 1)
        try receiver.join(membership)
        let again = #expect(throws: SocketError.self) { try receiver.join(membership) }
        #expect(again?.isAddressInUse == true)

        let sender = try Socket(.ipv4, .datagram)
        try sender.set(.multicastInterface, to: MulticastInterface(index: 1))
        try sender.set(.multicastTimeToLive, to: 3)
        #expect(try sender[.multicastTimeToLive] == 3)
        #expect(try sender[.multicastLoopback])
        try sender.send("group".utf8, to: SocketAddress.ipv4(group, port))
        #expect(try receiver.receive(upTo: 10) == Array("group".utf8))

        try receiver.leave(membership)
        try receiver.setTimeLimit(.milliseconds(50))
        try receiver.set(.multicastAll, to: false)
        try sender.send("gone".utf8, to: SocketAddress.ipv4(group, port))
        let silent = #expect(throws: SocketError.self) { _ = try receiver.receive(upTo: 10) }
        #expect(silent?.reason == .timedOut)
    }

    // A-087, B-SOCO-03
    @Test func `a group can be joined for one source alone`() throws {
        let group = IPv4Address(232, 1, 2, 4)
        var receiver = try Socket.bound(to: "udp://0.0.0.0:0")
        try receiver.setTimeLimit(.milliseconds(100))
        try receiver.set(.multicastAll, to: false)
        let port = try #require(try receiver.localAddress.port)
        let sender = try Socket.bound(to: "udp://127.0.0.1:0")
        try sender.set(.multicastInterface, to: MulticastInterface(index: 1))
        let other = MulticastMembership(group: .v4(group), interface: 1, source: .v4(IPv4Address(10, 9, 8, 7)))
        try receiver.join(other)
        try sender.send("filtered".utf8, to: SocketAddress.ipv4(group, port))
        #expect(throws: SocketError.self) { _ = try receiver.receive(upTo: 10) }
        let ours = MulticastMembership(group: .v4(group), interface: 1, source: .v4(.loopback))
        try receiver.join(ours)
        try receiver.setTimeLimit(.seconds(5))
        try sender.send("heard".utf8, to: SocketAddress.ipv4(group, port))
        #expect(try receiver.receive(upTo: 10) == Array("heard".utf8))
        try receiver.leave(ours)
        try receiver.leave(other)
    }

    //
    @Test func `an IPv6 group is joined by the same call`() throws {
        let group = try IPv6Address("ff01::77:\(String(UInt16.random(in: 1...0xFFFE), radix: 16))")
        let socket = try Socket(.ipv6, .datagram)
        let membership = MulticastMembership(group: .v6(group), interface: 1)
        // Loopback has no route for IPv6 groups here, so the kernel's own list is asked instead of a datagram.
        func isJoined() throws -> Bool {
            try String(contentsOfFile: "/proc/net/igmp6", encoding: .utf8).contains(group.exploded.filter { $0 != ":" })
        }
        #expect(try !isJoined())
        try socket.join(membership)
        #expect(try isJoined())
        try socket.leave(membership)
        #expect(try !isJoined())
    }

    @Test func `an address that is no group can't be joined`() throws {
        let socket = try Socket(.ipv4, .datagram)
        let error = #expect(throws: SocketError.self) { try socket.join(MulticastMembership(group: .v4(.loopback))) }
        guard case .invalid(let text) = error?.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text == "127.0.0.1 is no multicast group")
    }
}
