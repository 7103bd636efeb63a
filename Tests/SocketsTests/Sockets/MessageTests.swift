// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

@Suite(.serialized, .blocking) struct MessageTests {
    // B-SOCK-13, B-SOCK-15
    @Test func `pieces are gathered into one message`() throws {
        let pair = try SocketPair(.unix, .datagram)
        #expect(try pair.first.sendMessage([Array("one ".utf8), Array("two".utf8)]) == 7)
        let message = try present(pair.second.receiveMessage(upTo: 100))
        #expect(message.bytes == Array("one two".utf8))
        #expect(message.isTruncated == false)
        #expect(message.descriptorCount == 0)
    }

    // B-SOCF-12, B-SOCO-05
    @Test func `a descriptor arrives as one of the receiver's own, closed on exec`() throws {
        let pair = try SocketPair()
        let file = try FileDescriptor.open("/proc/self/stat", .readOnly)
        try pair.first.send(descriptors: [file], with: "f".utf8)
        try file.close()
        var message = try present(pair.second.receiveDescriptors(upTo: 1))
        let received = message.takeDescriptors()
        #expect(received.count == 1)
        let flags = fcntl(received[0].rawValue, F_GETFD)
        #expect(flags & FD_CLOEXEC != 0)
        var text = [UInt8](repeating: 0, count: 16)
        #expect(try text.withUnsafeMutableBytes { try received[0].read(into: $0) } > 0)
        try received[0].close()
    }

    // P23, B-SOCF-12: 253 descriptors, all owned or closed
    @Test func `P23: 253 descriptors travel at once, and each is taken or closed`() throws {
        let pair = try SocketPair()
        let file = try CountedFile()
        try pair.first.send(descriptors: file.repeated(253), with: "x".utf8)
        var message = try present(pair.second.receiveDescriptors(upTo: 253))
        let taken = message.takeDescriptors()
        #expect(taken.count == 253)
        #expect(try file.openings == 1 + 253)
        for file in taken { try file.close() }

        try pair.first.send(descriptors: file.repeated(253), with: "y".utf8)
        do {
            let untaken = try present(pair.second.receiveDescriptors(upTo: 253))
            #expect(untaken.descriptorCount == 253)
            #expect(try file.openings == 1 + 253)
        }
        #expect(try file.openings == 1)
    }

    // P23: MSG_CTRUNC is an error, and nothing leaks
    @Test(arguments: [0, 1, 2])
    func `P23: more descriptors than wanted are an error, and all of them are closed`(wanted: Int) throws {
        let pair = try SocketPair()
        let file = try CountedFile()
        try pair.first.send(descriptors: file.repeated(5), with: "x".utf8)
        let error = #expect(throws: SocketError.self) {
            _ = try pair.second.receiveMessage(upTo: 10, maximumDescriptors: wanted, ancillaryCapacity: 0)
        }
        #expect(error?.reason == .ancillaryTruncated)
        #expect(try file.openings == 1)
    }

    @Test func `a surplus descriptor that fits the rounded room is closed too`() throws {
        let pair = try SocketPair()
        let file = try CountedFile()
        try pair.first.send(descriptors: file.repeated(2), with: "x".utf8)
        let error = #expect(throws: SocketError.self) { _ = try pair.second.receiveDescriptors(upTo: 1) }
        #expect(error?.reason == .ancillaryTruncated)
        #expect(try file.openings == 1)
    }

    @Test func `too many descriptors, or descriptors without a byte on a stream, are refused`() throws {
        let pair = try SocketPair()
        let many = [FileDescriptor](repeating: .standardInput, count: 254)
        for descriptors in [many, [.standardInput]] {
            let error = #expect(throws: SocketError.self) {
                try pair.first.send(descriptors: descriptors, with: descriptors.count == 1 ? [] : [1])
            }
            guard case .invalid = error?.reason else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    // P23: peer credentials are exposed; B-SOCO-05
    @Test func `P23: the kernel vouches for the peer of a UNIX socket`() throws {
        let pair = try SocketPair()
        #expect(try pair.first[.peerCredentials] == .own)
        try pair.second.set(.passCredentials, to: true)
        try pair.first.sendAll("x".utf8)
        let message = try present(pair.second.receiveMessage(upTo: 10))
        #expect(message.ancillary.contains(.credentials(.own)))
    }

    // B-SOCO-05
    @Test func `a message says when it arrived`() throws {
        let pair = try SocketPair(.unix, .datagram)
        for option in [SocketOption<Bool>.timestamp, .timestampNanoseconds] {
            try pair.second.set(option, to: true)
            try pair.first.sendAll("x".utf8)
            let now = Date().timeIntervalSince1970
            let message = try present(pair.second.receiveMessage(upTo: 10))
            let times = message.ancillary.compactMap { if case .timestamp(let time) = $0 { time } else { nil } }
            #expect(times.count == 1)
            #expect(abs(times.first.map { Double($0.components.seconds) - now } ?? .infinity) < 60)
            try pair.second.set(option, to: false)
        }
    }

    // B-SOCO-03, B-SOCO-05
    @Test(arguments: [IPAddress.v4(.loopback), .v6(.loopback)])
    func `a datagram says which address and interface it came to`(ip: IPAddress) throws {
        let receiver = try Socket(SocketAddress(ip, 0).family, .datagram)
        try receiver.bind(to: SocketAddress(ip, 0))
        try receiver.set(receiver.family == .ipv4 ? .packetInfo : .ipv6PacketInfo, to: true)
        try receiver.set(receiver.family == .ipv4 ? .receiveTimeToLive : .ipv6ReceiveHopLimit, to: true)
        let sender = try Socket(receiver.family, .datagram)
        try sender.send("x".utf8, to: try receiver.localAddress)
        let message = try present(receiver.receiveMessage(upTo: 10))
        #expect(message.ancillary.contains { if case .packetInfo(ip, let index) = $0 { index > 0 } else { false } })
        #expect(message.ancillary.contains { if case .timeToLive(let hops) = $0 { hops > 0 } else { false } })
        #expect(try message.sender?.port == sender.localAddress.port)
        // And the other way round: choose the source of a reply.
        let reply = try receiver.sendMessage(
            [[0x2A]], ancillary: [.packetInfo(address: ip, interface: 0)], to: message.sender)
        #expect(reply == 1)
        #expect(try sender.receiveFrom(upTo: 10)?.sender == receiver.localAddress)
    }

    // B-SOCO-03, B-SOCO-05
    @Test(arguments: [IPAddress.v4(.loopback), .v6(.loopback)])
    func `a datagram's time to live and type of service can be chosen for it alone`(ip: IPAddress) throws {
        let receiver = try Socket(SocketAddress(ip, 0).family, .datagram)
        try receiver.bind(to: SocketAddress(ip, 0))
        try receiver.set(receiver.family == .ipv4 ? .receiveTimeToLive : .ipv6ReceiveHopLimit, to: true)
        try receiver.set(receiver.family == .ipv4 ? .receiveTypeOfService : .ipv6ReceiveTrafficClass, to: true)
        let sender = try Socket(receiver.family, .datagram)
        _ = try sender.sendMessage(
            [[1]], ancillary: [.timeToLive(7), .typeOfService(0x10)], to: try receiver.localAddress)
        let message = try present(receiver.receiveMessage(upTo: 10))
        #expect(Set(message.ancillary) == [.timeToLive(7), .typeOfService(0x10)])
    }
}

/// An open file that nobody else has, so that its openings can be counted.
private final class CountedFile {
    private let directory: TemporaryDirectory
    private let path: String
    private let descriptor: FileDescriptor

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("counted")
        descriptor = try FileDescriptor.open(path, .readWrite, options: .create, permissions: .ownerReadWrite)
    }

    deinit { try? descriptor.close() }

    /// The same descriptor so many times: whoever receives them gets as many openings.
    func repeated(_ count: Int) -> [FileDescriptor] { [FileDescriptor](repeating: descriptor, count: count) }

    /// How many of the process's descriptors are this file.
    var openings: Int {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
            }
        }
    }
}

/// `#require` for a value that can't be copied.
func present<Value: ~Copyable>(_ value: consuming Value?) throws -> Value {
    switch consume value {
    case .some(let value): return value
    case .none: throw NothingCame()
    }
}

struct NothingCame: Error {}
