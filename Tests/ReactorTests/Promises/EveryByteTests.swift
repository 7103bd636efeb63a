// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// P11: every byte or an error, through connections on a loop.
@Suite(.blocking) struct EveryByteTests {
    /// Bytes whose pattern does not come again before a prime number of them: what is lost, doubled or swapped shows.
    private struct Pattern: Sendable {
        static let period = 1_000_003
        private let twice: [UInt8]

        init() {
            var generator = SeededGenerator(seed: 11)
            var once: [UInt8] = []
            while once.count < Self.period { withUnsafeBytes(of: generator.next()) { once += $0 } }
            once.removeLast(once.count - Self.period)
            twice = once + once
        }

        func bytes(at position: Int, _ count: Int) -> [UInt8] {
            let start = position % Self.period
            return Array(twice[start..<start + count])
        }

        func matches(_ received: borrowing Received, at position: Int) -> Bool {
            let start = position % Self.period
            return received.bytes.withUnsafeBytes { bytes in
                twice.withUnsafeBytes { wanted in
                    guard let got = bytes.baseAddress, let wanted = wanted.baseAddress else { return bytes.isEmpty }
                    return memcmp(got, wanted + start, bytes.count) == 0
                }
            }
        }
    }

    private static let pattern = Pattern()

    /// Sends `count` bytes to an echo and back, and compares every one.
    private func roundTrip(
        _ count: Int, pieces: Int = 60_000, _ ground: Ground = .epoll
    ) async throws {
        try await Carrier.tcp.withEnds(ground) { client, served in
            async let echo: Void = {
                try await served.echo()
                try await served.shutdownSending()
            }()
            async let sent: Void = {
                var position = 0
                while position < count {
                    let piece = Self.pattern.bytes(at: position, min(pieces, count - position))
                    try await client.send(piece)
                    position += piece.count
                }
                try await client.shutdownSending()
            }()
            var position = 0
            while let received = try await client.receive() {
                guard Self.pattern.matches(received, at: position) else {
                    Issue.record("other bytes than were sent, behind \(position)")
                    return
                }
                position += received.count
            }
            #expect(position == count)
            _ = try await (echo, sent)
        }
    }

    // P11: nothing forced: 1 GiB
    @Test func `P11: with nothing forced every byte comes back`() async throws {
        try await roundTrip(repetitions(32 << 20, soak: 1 << 30))
    }

    #if DEBUG
        /// What is forced on the calls that carry a stream, and on no other.
        private func plan(_ decide: @escaping @Sendable (Int) -> FaultPlan.Fault) -> FaultPlan {
            FaultPlan { call, ordinal in [.recv, .send, .sendmsg].contains(call) ? decide(ordinal) : nil }
        }

        // P11: one byte forced on every read and write: 1 MiB
        @Test(arguments: [Ground.epoll, .poll, .select])
        func `P11: with one byte at a time every byte comes back`(ground: Ground) async throws {
            try await FaultPlan.$current.withValue(plan { _ in .atMost(1) }) {
                try await roundTrip(repetitions(16 << 10, soak: 1 << 20), ground)
            }
        }

        // P11: random short transfers: 64 MiB
        @Test(arguments: [Ground.epoll, .poll, .select])
        func `P11: with random short transfers and interruptions every byte comes back`(ground: Ground) async throws {
            let plan = plan { ordinal in
                var generator = SeededGenerator(seed: UInt64(ordinal))
                return Int.random(in: 0..<5, using: &generator) == 0
                    ? .fail(.interrupted) : .atMost(Int.random(in: 1...20_000, using: &generator))
            }
            try await FaultPlan.$current.withValue(plan) {
                try await roundTrip(repetitions(2 << 20, soak: 64 << 20), ground)
            }
        }
    #endif

    // P11: a receive stops in front of the urgent byte, and what is behind it was told already
    @Test(arguments: World.Mechanism.allCases)
    func `P11: what comes behind an urgent byte is received without waiting for more`(mechanism: World.Mechanism)
        async throws
    {
        let thread = try LoopThread(in: .real(mechanism))
        defer { thread.stop() }
        let listener = try await Listener(on: "127.0.0.2:0", loop: thread.loop)
        let client = SharedSocket(try Socket.connecting(to: listener.localAddress))
        let served = try await listener.accept()
        served.readDeadline = thread.loop.timeNow.advanced(by: .seconds(20))
        // Once it has waited it is registered, and told of changes alone.
        async let first = served.receive(upTo: 100)
        try await until { try await served.isReceiving }
        try client.socket.sendAll("hello".utf8)
        #expect(try await first == Array("hello".utf8))
        for _ in 0..<3 {
            // On the loop, so that it can look at none of it before all of it is there.
            try await thread.loop.run { () throws(SocketError) in
                try client.socket.sendAll("before".utf8)
                try client.socket.sendAll("!".utf8, flags: .outOfBand)
                try client.socket.sendAll("behind".utf8)
            }
            var heard: [UInt8] = []
            while heard.count < 12, let piece = try await served.receive(upTo: 100) { heard += piece }
            #expect(heard == Array("beforebehind".utf8))
        }
        served.close()
        listener.close()
    }
}
