// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct OptionTests {
    // B-SOCK-09, B-SOCO-01
    @Test func `every switch of the socket layer turns on and off`() throws {
        let socket = try Socket()
        let switches: [SocketOption<Bool>] = [
            .keepAlive, .reuseAddress, .reusePort, .outOfBandInline, .dontRoute, .timestamp, .timestampNanoseconds,
        ]
        for option in switches {
            try socket.set(option, to: true)
            #expect(try socket[option], "\(option)")
            try socket.set(option, to: false)
            #expect(try !socket[option], "\(option)")
        }
        let datagram = try Socket(.ipv4, .datagram)
        for option in [SocketOption<Bool>.broadcast, .dropCount, .receiveErrors, .packetInfo] {
            try datagram.set(option, to: true)
            #expect(try datagram[option], "\(option)")
        }
        let unix = try Socket(.unix, .datagram)
        try unix.set(.passCredentials, to: true)
        #expect(try unix[.passCredentials])
    }

    // B-SOCO-01
    @Test func `numbers, times and structures come back as they were set`() throws {
        let socket = try Socket()
        try socket.set(.priority, to: 5)
        #expect(try socket[.priority] == 5)
        try socket.set(.receiveLowWater, to: 17)
        #expect(try socket[.receiveLowWater] == 17)
        try socket.set(.receiveTimeout, to: .milliseconds(1500))
        #expect(try socket[.receiveTimeout] == .milliseconds(1500))
        try socket.set(.sendBuffer, to: 50_000)
        #expect(try socket[.sendBuffer] == 100_000)
        for linger in [Linger.off, .reset, .wait(seconds: 3)] {
            try socket.set(.linger, to: linger)
            #expect(try socket[.linger] == linger)
        }
        #expect(try socket.takePendingError() == nil)
    }

    // B-SOCO-02
    @Test func `TCP's options come back as they were set`() throws {
        let socket = try Socket()
        for option in [SocketOption<Bool>.noDelay, .cork, .fastOpenConnect] {
            try socket.set(option, to: true)
            #expect(try socket[option], "\(option)")
            try socket.set(option, to: false)
        }
        let numbers: [(SocketOption<Int>, Int)] = [
            (.keepAliveIdle, 11), (.keepAliveInterval, 12), (.keepAliveCount, 5), (.userTimeout, 7000),
            (.openingRetries, 3), (.unsentLowWater, 16_384), (.finalWait, 9), (.maximumSegment, 1000),
        ]
        for (option, value) in numbers {
            try socket.set(option, to: value)
            #expect(try socket[option] == value, "\(option)")
        }
        try socket.set(.congestionControl, to: "reno")
        #expect(try socket[.congestionControl] == "reno")
        let listener = try Socket.listening(on: "127.0.0.1:0")
        try listener.set(.fastOpen, to: 16)
        #expect(try listener[.fastOpen] == 16)
        try listener.set(.deferAccept, to: 1)
        #expect(try listener[.deferAccept] > 0)
    }

    // B-SOCO-02, A-101
    @Test func `TCP_INFO tells of the connection`() throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        #expect(try server[.tcpInfo].state == .listening)
        let client = try Socket.connecting(to: try server.localAddress)
        let served = try server.accept()
        try client.sendAll([UInt8](repeating: 1, count: 1000))
        _ = try served.receive(upTo: 2000)
        let info = try client[.tcpInfo]
        #expect(info.state == .established)
        #expect(info.sendSegmentSize > 500)
        #expect(info.pathMTU > 1000)
        #expect(info.congestionWindow > 0)
        #expect(info.totalRetransmits == 0)
        #expect(info.roundTrip < .seconds(1))
    }

    // B-SOCO-03
    @Test func `IP's options come back as they were set`() throws {
        let four = try Socket(.ipv4, .datagram)
        try four.set(.timeToLive, to: 33)
        #expect(try four[.timeToLive] == 33)
        try four.set(.typeOfService, to: 0x10)
        #expect(try four[.typeOfService] == 0x10)
        try four.set(.multicastLoopback, to: false)
        #expect(try !four[.multicastLoopback])
        try four.set(.pathMTUDiscovery, to: 2)
        #expect(try four[.pathMTUDiscovery] == 2)
        let six = try Socket(.ipv6, .datagram)
        for value in [true, false] {
            try six.set(.ipv6Only, to: value)
            #expect(try six[.ipv6Only] == value)
        }
        try six.set(.ipv6UnicastHops, to: 12)
        #expect(try six[.ipv6UnicastHops] == 12)
        try six.set(.ipv6TrafficClass, to: 0x20)
        #expect(try six[.ipv6TrafficClass] == 0x20)
    }

    // B-SOCK-09
    @Test func `any option is reached by its numbers`() throws {
        let socket = try Socket()
        let raw = SocketOption<[UInt8]>(level: 1, name: 2)
        try socket.set(raw, to: [1, 0, 0, 0])
        #expect(try socket[raw] == [1, 0, 0, 0])
        #expect(try socket[.reuseAddress])
        let number = SocketOption<CInt>(level: 6, name: 4)
        try socket.set(number, to: 77)
        #expect(try socket[.keepAliveIdle] == 77)
    }

    // B-SOCF-15
    @Test func `an option that is not there, or a value that makes no sense, is a typed error that names it`() throws {
        let unix = try Socket(.unix, .stream)
        let missing = #expect(throws: SocketError.self) { try unix.set(.noDelay, to: true) }
        #expect(missing.map { "\($0)" }?.hasPrefix("set option TCP_NODELAY: ") == true)
        let socket = try Socket()
        let senseless = #expect(throws: SocketError.self) { try socket.set(.keepAliveIdle, to: -1) }
        #expect(senseless?.reason == .system(.invalidArgument))
        #expect(throws: SocketError.self) { try socket.set(.priority, to: Int.max) }
        #expect(throws: SocketError.self) { try socket.set(.linger, to: .wait(seconds: -1)) }
        #expect(throws: SocketError.self) { try socket.set(.congestionControl, to: "a\0b") }
        #expect(throws: SocketError.self) { try socket.set(.receiveTimeout, to: .seconds(-1)) }
    }

    @Test func `bytesAvailable counts what waits`() throws {
        let pair = try SocketPair()
        #expect(try pair.second.bytesAvailable == 0)
        try pair.first.sendAll("12345".utf8)
        #expect(try pair.second.bytesAvailable == 5)
    }
}
