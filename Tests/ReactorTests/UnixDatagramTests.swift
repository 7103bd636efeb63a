// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Datagrams between programs of one machine.
@Suite(.blocking) struct UnixDatagramTests {
    // B-TW-05
    @Test(arguments: World.Mechanism.allCases, [false, true])
    func `a server at a path or an abstract name answers`(mechanism: World.Mechanism, isAbstract: Bool) async throws {
        let directory = try TemporaryDirectory()
        let endpoint = "unix-dgram:" + (isAbstract ? "@\(directory.path)" : directory.file("s"))
        try await withLoop(mechanism) { loop in
            try await withDatagramSocket(on: endpoint, loop: loop) { server in
                try await withDatagramSocket(to: server.localAddress, loop: loop) { client in
                    // The system has given the client a name, or nobody could answer it.
                    #expect(client.localAddress.unix?.kind == .abstract)
                    for length in [0, 1, 100_000] {
                        try await client.send([UInt8](repeating: 9, count: length))
                        let datagram = try await server.receive()
                        #expect(datagram.length == length)
                        #expect(datagram.bytes.count == min(length, server.maximumLength))
                        #expect(datagram.isTruncated == (length > server.maximumLength))
                        #expect(datagram.sender == client.localAddress)
                        try await server.send("got \(length)", to: datagram.sender)
                        #expect(try await client.text() == "got \(length)")
                    }
                }
            }
        }
        #expect(!FileManager.default.fileExists(atPath: directory.file("s")), "the path was left behind")
    }

    // B-TW-05: the path
    @Test func `a dead server's path is taken over, a living one's never`() async throws {
        let directory = try TemporaryDirectory()
        let endpoint = "unix-dgram:\(directory.file("s"))"
        _ = try Socket.bound(to: endpoint)
        #expect(FileManager.default.fileExists(atPath: directory.file("s")))
        try await withLoop { loop in
            try await withDatagramSocket(on: endpoint, loop: loop) { server in
                #expect(
                    await reason { _ = try await DatagramSocket(on: endpoint, loop: loop) } == .system(.addressInUse))
                try await withDatagramSocket(to: server.localAddress, loop: loop) { try await $0.send("still here") }
                #expect(try await server.text() == "still here")
            }
            #expect(
                await reason { _ = try await DatagramSocket(to: endpoint, loop: loop) }
                    == .system(.noSuchFileOrDirectory))
            try Data("mine".utf8).write(to: URL(filePath: directory.file("s")))
            #expect(await reason { _ = try await DatagramSocket(on: endpoint, loop: loop) } == .system(.addressInUse))
            #expect(FileManager.default.fileExists(atPath: directory.file("s")), "a file was taken for a socket")
        }
    }

    // P24: where the kernel makes senders wait, nothing is lost, whether it tells when there is room or not
    @Test(arguments: World.Mechanism.allCases, [false, true])
    func `P24: a full receiver makes its senders wait`(mechanism: World.Mechanism, isConnected: Bool) async throws {
        let directory = try TemporaryDirectory()
        try await withLoop(mechanism) { loop in
            try await withDatagramSocket(on: "unix-dgram:\(directory.file("s"))", loop: loop) { receiver in
                try await withDatagramSocket(on: "unix-dgram:", loop: loop) { sender in
                    if isConnected { try await sender.connect(to: receiver.localAddress) }
                    let count = 3000
                    async let sending: Void = {
                        for number in 0..<count {
                            let bytes = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
                            if isConnected {
                                try await sender.send(bytes)
                            } else {
                                try await sender.send(bytes, to: receiver.localAddress)
                            }
                        }
                    }()
                    // It has to stand still once, full.
                    try await until {
                        let before = sender.sentCount
                        try await loop.sleep(for: .milliseconds(3))
                        return before > 0 && sender.sentCount == before
                    }
                    #expect(sender.sentCount < count)
                    for number in 0..<count {
                        let bytes = try await withDeadline(.seconds(20)) { try await receiver.receive().bytes }
                        #expect(Int(bytes[0]) | Int(bytes[1]) << 8 == number)
                    }
                    try await sending
                    #expect(try await receiver.droppedCount() == 0)
                }
            }
        }
    }

    // Law 1, law 4: a wait to send
    @Test(arguments: [false, true])
    func `a sender that waits is woken by a deadline, by cancelling and by closing`(isConnected: Bool) async throws {
        let directory = try TemporaryDirectory()
        try await withLoop { loop in
            let receiver = try await DatagramSocket(on: "unix-dgram:\(directory.file("s"))", loop: loop)
            let sender = try await DatagramSocket(on: "unix-dgram:", loop: loop)
            if isConnected { try await sender.connect(to: receiver.localAddress) }
            @Sendable func fill() async throws {
                while true {
                    if isConnected {
                        try await sender.send("x")
                    } else {
                        try await sender.send("x", to: receiver.localAddress)
                    }
                }
            }
            sender.writeDeadline = loop.timeNow.advanced(by: .milliseconds(30))
            #expect(await reason(fill) == .timedOut)
            sender.writeDeadline = .never
            let task = Task(executorPreference: loop) { await reason(fill) }
            #expect(
                await reason { try await withDeadline(.milliseconds(30)) { try await loop.sleep(for: .seconds(9)) } }
                    == .timedOut)
            task.cancel()
            #expect(await task.value == .cancelled)
            let last = Task(executorPreference: loop) { await reason(fill) }
            try await loop.sleep(for: .milliseconds(10))
            sender.close()
            #expect(await last.value == .closed)
            receiver.close()
        }
    }

    @Test func `who has no name can't be answered, and that is told`() async throws {
        let directory = try TemporaryDirectory()
        try await withLoop { loop in
            try await withDatagramSocket(on: "unix-dgram:\(directory.file("s"))", loop: loop) { server in
                try Socket(.unix, .datagram).send("x".utf8, to: "unix-dgram:\(directory.file("s"))")
                let datagram = try await server.receive()
                #expect(datagram.sender == .unix(.unnamed))
                #expect(await reason { try await server.reply("y", to: datagram) } != nil)
            }
        }
    }

    // P25: descriptors in a message that nobody asked for do not stay open in this process
    @Test(arguments: World.Mechanism.allCases)
    func `descriptors that come unasked are dropped`(mechanism: World.Mechanism) async throws {
        let directory = try TemporaryDirectory()
        try await withLoop(mechanism) { loop in
            try await withDatagramSocket(on: "unix-dgram:\(directory.file("s"))", loop: loop) { server in
                var pair = try SocketPair()
                try pair.first.setTimeLimit(.seconds(5))
                try Self.give(pair.second, to: server.localAddress)
                #expect(try await server.text() == "take this")
                // Had the descriptor stayed open the stream would not end.
                #expect(try pair.first.receive(upTo: 1) == nil)
            }
        }
    }

    /// Sends a socket away and closes it here.
    private static func give(_ socket: consuming Socket, to address: SocketAddress) throws {
        let carrier = try Socket(.unix, .datagram)
        _ = try carrier.sendMessage([Array("take this".utf8)], descriptors: [socket.descriptor], to: address)
        try socket.close()
    }
}
