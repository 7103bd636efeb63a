// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// These need root (or CAP_NET_RAW); without it they are skipped, and the run says so.
@Suite(.blocking, .enabled(if: getuid() == 0, "raw sockets need root: A-009, A-010 are NOT tested"))
struct RawSocketTests {
    //
    @Test func `an ICMP echo of our own making is answered on loopback`() throws {
        var socket = try Socket(.ipv4, .raw, .icmp)
        try socket.setTimeLimit(.seconds(5))
        let identifier = UInt8.random(in: 1...255)
        var packet: [UInt8] = [8, 0, 0, 0, identifier, 7, 0, 1] + Array("netwright".utf8)
        let sum = checksum(packet)
        packet[2] = UInt8(sum >> 8)
        packet[3] = UInt8(sum & 0xFF)
        try socket.send(packet, to: SocketAddress.ipv4(.loopback, 0))
        while let answer = try socket.receiveFrom(upTo: 1500) {
            // The IPv4 header comes first; our own request is heard on loopback too.
            let icmp = answer.bytes.dropFirst(Int(answer.bytes[0] & 0x0F) * 4)
            guard icmp.first == 0, icmp.dropFirst(4).first == identifier else { continue }
            #expect(Array(icmp.dropFirst(8)) == Array("netwright".utf8))
            #expect(answer.sender?.ip == .v4(.loopback))
            break
        }
    }

    //
    @Test func `a header of our own making arrives as it was built`() throws {
        var receiver = try Socket(.ipv4, .raw, ProtocolNumber(rawValue: 253))
        try receiver.setTimeLimit(.seconds(5))
        let sender = try Socket(.ipv4, .raw, .raw)
        try sender.set(.headerIncluded, to: true)
        #expect(try sender[.headerIncluded])
        let source = IPv4Address(127, 9, 8, 7)
        let payload = Array("as built".utf8)
        var header: [UInt8] = [0x45, 0x10, 0, UInt8(20 + payload.count), 0x12, 0x34, 0, 0, 42, 253, 0, 0]
        header += source.bytes + IPv4Address.loopback.bytes
        try sender.send(header + payload, to: SocketAddress.ipv4(.loopback, 0))
        let packet = try #require(try receiver.receiveFrom(upTo: 1500))
        #expect(packet.bytes[8] == 42)
        #expect(packet.bytes[1] == 0x10)
        #expect(packet.sender == .ipv4(source, 0))
        #expect(Array(packet.bytes.dropFirst(20)) == payload)
    }

    private func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = stride(from: 0, to: bytes.count, by: 2).reduce(UInt32(0)) { sum, index in
            sum + UInt32(bytes[index]) << 8 + (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(sum)
    }
}

@Suite(.blocking) struct UnprivilegedRawSocketTests {
    // A-009, ENV-02: the unprivileged ping socket is a typed permission error, or it works
    @Test func `a ping socket without leave is a typed permission error`() throws {
        do {
            _ = try Socket(.ipv4, .datagram, .icmp)
        } catch {
            #expect(error.isPermissionDenied)
            #expect("\(error)" == "open ipv4 datagram icmp: permission denied")
        }
    }
}
