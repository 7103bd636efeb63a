// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import SystemPackage
import TestSupport
import Testing

/// P11: every byte or an error, however little a call moves.
@Suite(.blocking) struct ShortTransferTests {
    private func bytes(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(count))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }

    /// Sends `count` bytes there and back under a plan that both sides have, and compares.
    private func roundTrip(_ count: Int, _ plan: @escaping @Sendable () -> FaultPlan?) throws {
        let server = try Socket.listening(on: "127.0.0.1:0")
        let client = SharedSocket(try Socket.connecting(to: try server.localAddress))
        let served = SharedSocket(try server.accept())
        let bytes = bytes(count)
        let under: @Sendable (() throws -> Void) throws -> Void = { body in
            if let plan = plan() { try withFaults(plan) { try body() } } else { try body() }
        }
        let echo = BlockingThread {
            try under {
                while let piece = try served.socket.receive(upTo: 65_536) { try served.socket.sendAll(piece) }
                try served.socket.shutdown(.sending)
            }
        }
        let sender = BlockingThread {
            try under {
                try client.socket.sendAll(bytes)
                try client.socket.shutdown(.sending)
            }
        }
        var received: [UInt8] = []
        received.reserveCapacity(count)
        try under { while let piece = try client.socket.receive(upTo: 65_536) { received += piece } }
        try sender.join(within: 300)
        try echo.join(within: 300)
        #expect(received == bytes)
    }

    // P11: one byte forced on every call: 1 MiB
    @Test func `P11: with one byte at a time every byte arrives`() throws {
        try roundTrip(repetitions(64 << 10, soak: 1 << 20)) { .transfers(ofAtMost: 1) }
    }

    // P11: random short transfers: 64 MiB
    @Test func `P11: with random short transfers and interruptions every byte arrives`() throws {
        try roundTrip(repetitions(4 << 20, soak: 64 << 20)) {
            FaultPlan { _, ordinal in
                var generator = SeededGenerator(seed: UInt64(ordinal))
                return Int.random(in: 0..<5, using: &generator) == 0
                    ? .fail(.interrupted) : .atMost(Int.random(in: 1...20_000, using: &generator))
            }
        }
    }

    // P11: nothing forced: 1 GiB
    @Test func `P11: with nothing forced every byte arrives`() throws {
        try roundTrip(repetitions(64 << 20, soak: 1 << 30)) { nil }
    }

    // P11
    @Test func `P11: a file sent one byte at a time is whole`() throws {
        let directory = try TemporaryDirectory()
        let bytes = bytes(20_000)
        #expect(FileManager.default.createFile(atPath: directory.file("f"), contents: Data(bytes)))
        let file = try FileDescriptor.open(FilePath(directory.file("f")), .readOnly)
        defer { try? file.close() }
        for plan in [
            FaultPlan.transfers(ofAtMost: 1),
            FaultPlan { call, _ in call == .sendfile ? .fail(.invalidArgument) : .atMost(7) },
        ] {
            let pair = try SocketPair()
            let receiver = SharedSocket(try pair.second.duplicate())
            let receiving = BlockingThread { try SocketFile(receiver).readToEnd(maximumLength: 1 << 20) }
            #expect(try withFaults(plan) { try pair.first.sendFile(file) } == 20_000)
            try pair.first.shutdown(.sending)
            #expect(try receiving.join() == bytes)
        }
    }

    // P11
    @Test func `P11: messages with descriptors are sent whole or said to be partial`() throws {
        let pair = try SocketPair()
        let sent = try withFaults(.transfers(ofAtMost: 3)) { try pair.first.sendMessage([Array("hello".utf8)]) }
        #expect(sent == 3)
        let first = try withFaults(.transfers(ofAtMost: 2)) { try pair.second.receiveMessage(upTo: 100)?.bytes }
        #expect(first == Array("he".utf8))
        #expect(try pair.second.receiveMessage(upTo: 100)?.bytes == Array("l".utf8))
    }

    // P11
    @Test func `P11: lines read one byte at a time are the same lines`() throws {
        let pair = try SocketPair()
        try pair.first.sendAll("one\r\ntwo\nthree".utf8)
        try pair.first.shutdown(.sending)
        let file = SocketFile(try pair.second.duplicate())
        var lines: [[UInt8]] = []
        try withFaults(.transfers(ofAtMost: 1)) { while let line = try file.readLine() { lines.append(line) } }
        #expect(lines == [Array("one".utf8), Array("two".utf8), Array("three".utf8)])
    }
}
