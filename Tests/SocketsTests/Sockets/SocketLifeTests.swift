// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct SocketLifeTests {
    // B-SOCO-08
    @Test func `protocols have the numbers of the system's own list`() throws {
        let numbers: [(ProtocolNumber, String)] = [
            (.icmp, "icmp"), (.igmp, "igmp"), (.tcp, "tcp"), (.udp, "udp"), (.ipv6, "ipv6"), (.gre, "gre"),
            (.esp, "esp"), (.ah, "ah"), (.icmpv6, "ipv6-icmp"), (.sctp, "sctp"), (.udpLite, "udplite"),
        ]
        let list = try String(contentsOfFile: "/etc/protocols", encoding: .utf8).split(separator: "\n")
        for (number, name) in numbers {
            let row = list.first { $0.split(whereSeparator: \.isWhitespace).first == Substring(name) }
            #expect(row?.split(whereSeparator: \.isWhitespace).dropFirst().first == "\(number.rawValue)", "\(name)")
        }
        #expect(ProtocolNumber.raw.rawValue == 255)
        #expect(ProtocolNumber.mptcp.rawValue == 262)
    }

    // A2-04: families and kinds are types, so that neither can stand where the other is meant
    // A-001, A-003, B-SOCK-05, B-SOCF-01
    @Test func `a socket reads back the family, kind and protocol it was opened with`() throws {
        let stream = try Socket(.ipv4, .stream, .tcp)
        #expect(stream.family == .ipv4)
        #expect(stream.kind == .stream)
        #expect(stream.protocolNumber == .tcp)
        let datagram = try Socket(.ipv6, .datagram)
        #expect(datagram.family == .ipv6)
        #expect(datagram.protocolNumber == .udp)
    }

    // A-002
    @Test func `without arguments a socket is TCP over IPv4`() throws {
        let socket = try Socket()
        #expect(socket.family == .ipv4)
        #expect(socket.kind == .stream)
        #expect(socket.protocolNumber == .tcp)
    }

    // A-004, A-005, A-006, A-007, A-013, A-015, B-SOCA-01, B-SOCA-02, B-SOCA-03
    @Test(arguments: ["127.0.0.1:0", "[::1]:0", "unix"])
    func `the same code echoes over IPv4, IPv6 and UNIX by the address alone`(address: String) throws {
        let directory = try TemporaryDirectory()
        let server = try Socket.listening(on: address == "unix" ? "unix:\(directory.file("echo"))" : address)
        let client = try Socket.connecting(to: try server.localAddress)
        let accepted = try server.accept()
        try client.sendAll("hello ".utf8)
        try client.sendAll("world".utf8)
        try client.shutdown(.sending)
        var received: [UInt8] = []
        while let piece = try accepted.receive(upTo: 3) {
            #expect((1...3).contains(piece.count))
            received += piece
        }
        try accepted.sendAll(received)
        let file = SocketFile(client)
        #expect(try file.read(exactly: 11) == Array("hello world".utf8))
    }

    // A-011, B-SOCA-09
    @Test func `reliable datagrams exist as a kind and are honestly unsupported`() throws {
        #expect {
            _ = try Socket(.ipv4, .reliableDatagram)
        } throws: {
            if case .unsupported = ($0 as? SocketError)?.reason { true } else { false }
        }
    }

    // A-012
    @Test func `sequenced packets keep their borders`() throws {
        let pair = try SocketPair(.unix, .sequencedPacket)
        try pair.first.sendAll("one".utf8)
        try pair.first.sendAll("three".utf8)
        #expect(try pair.second.receive(upTo: 100) == Array("one".utf8))
        #expect(try pair.second.receive(upTo: 100) == Array("three".utf8))
        try pair.first.shutdown(.sending)
        #expect(try pair.second.receive(upTo: 100) == nil)
    }

    // A-020, B-SOCK-21
    @Test func `a socket describes itself with both addresses`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        let text = client.description
        #expect(text.contains("ipv4 stream tcp"))
        #expect(try text.contains("\(client.localAddress) to \(server.localAddress)"))
        #expect(server.description.hasSuffix("\(try server.localAddress)"))
    }

    // B-SOCK-04, B-SOCK-22, A-068
    @Test func `the end of a scope closes the descriptor, and the peer sees the end`() throws {
        var pair = try SocketPair()
        let number = pair.first.descriptor.rawValue
        pair.first = try Socket()
        #expect(pair.first.descriptor.rawValue != number || fcntl(number, F_GETFD) >= 0)
        #expect(try pair.second.receive(upTo: 1) == nil)
    }

    // B-SOCK-04, B-SOCK-06, B-SOCF-14
    @Test func `a detached descriptor stays open and can be adopted again`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let address = try server.localAddress
        let descriptor = server.detach()
        let again = try Socket(adopting: descriptor)
        #expect(again.family == .ipv4)
        #expect(again.kind == .stream)
        #expect(try again.localAddress == address)
        try again.close()
    }

    // B-SOCK-04: of a number that no other test opens meanwhile.
    @Test func `a number that nothing is open at is refused`() {
        let error = #expect(throws: SocketError.self) { _ = try Socket(adopting: FileDescriptor(rawValue: .max)) }
        #expect(error?.reason == .system(.badFileDescriptor))
    }

    // B-SOCK-06
    @Test func `a duplicate is the same connection`() throws {
        let pair = try SocketPair()
        let copy = try pair.first.duplicate()
        try copy.sendAll("x".utf8)
        #expect(try pair.second.receive(upTo: 10) == [0x78])
    }

    // B-SOCK-06
    @Test func `a file is no socket and stays its owner's`() throws {
        let file = try FileDescriptor.open("/dev/null", .readOnly)
        #expect(throws: SocketError.self) { _ = try Socket(adopting: file) }
        try file.close()
    }

    // B-SOCK-07, B-SOCO-09
    @Test func `descriptors are closed on exec unless they are made inheritable`() throws {
        let pair = try SocketPair()
        #expect(try !pair.first.isInheritable)
        try pair.first.setInheritable(true)
        #expect(try pair.first.isInheritable)
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = try Socket.connecting(to: try server.localAddress)
        #expect(try !server.accept().isInheritable)
        #expect(try !client.duplicate().isInheritable)
    }

    // B-SOCF-02
    @Test func `a pair of a family that has none is unsupported`() {
        #expect {
            _ = try SocketPair(.ipv4, .stream)
        } throws: {
            if case .unsupported = ($0 as? SocketError)?.reason { true } else { false }
        }
    }

    @Test func `a raw family by its number is as good as a named one`() throws {
        #expect(throws: SocketError.self) { _ = try Socket(AddressFamily(rawValue: 250), .stream) }
    }
}
