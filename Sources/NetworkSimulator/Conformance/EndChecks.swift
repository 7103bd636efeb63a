// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// How a connection ends.
extension TransportEnds {
    func checkHalfClose() async throws {
        for (ending, other) in [(first, second), (second, first)] {
            try await ending.send("last")
            try await ending.shutdownSending()
            try expect(await collect(other), equals: Array("last".utf8))
            if ending === first {
                try await other.send("still")
                try expect(await collect(first, upTo: 5), equals: Array("still".utf8))
            }
        }
    }

    func checkEndStays() async throws {
        try await first.send("x")
        try await first.shutdownSending()
        try expect(await second.receive(upTo: 10), equals: [0x78])
        for _ in 0..<3 {
            try expect(await second.receive(upTo: 10), equals: nil)
            try await expectNoLease(second)
        }
    }

    // In a function of its own: thrown from inside the loop, the error crashes the optimizer of Swift 6.3.1.
    private func expectNoLease(_ connection: Connection) async throws {
        let received = try await connection.receive()
        if received != nil { throw Mismatch(expected: "the end", seen: "a lease") }
    }

    func checkSendAfterEnd() async throws {
        try await first.shutdownSending()
        try await expectBroken { try await first.send("x") }
        try await second.send("x")
        try expect(await first.receive(upTo: 10), equals: [0x78])
    }

    func checkPeerCloses() async throws {
        try await first.send(pattern.bytes(from: 0, count: 30_000))
        first.close()
        try expect(await collect(second), equals: pattern.bytes(from: 0, count: 30_000))
        try expect(await second.receive(upTo: 1), equals: nil)
    }

    func checkAgreement() async throws {
        try await second.send("unread")
        async let answer = collect(second)
        async let closed: Void = first.close(within: .seconds(10))
        try expect(await answer, equals: [])
        second.close()
        try await closed
        try await expect(.closed) { try await first.send("x") }
    }

    /// A UNIX socket has no reset of its own: its peer sees one when something was left unread.
    func checkPeerAborts() async throws {
        try await first.send("unread")
        try await pause()
        second.abort()
        try await expectBroken { _ = try await collect(first) }
        try await expectBroken { for _ in 0..<3 { try await first.send("x") } }
    }

    private func expectBroken(_ body: () async throws -> Void) async throws {
        let seen = try await thrownReason(by: body)
        guard case .broken = seen else {
            throw Mismatch(expected: "a broken connection", seen: seen.map { "\($0)" } ?? "no error")
        }
    }

    func checkCloseWakesReader() async throws {
        async let outcome = thrownReason { _ = try await first.receive(upTo: 10) }
        try await pause()
        first.close()
        try expect(await outcome, is: .closed)
        try expect(await second.receive(upTo: 1), equals: nil)
    }

    func checkCloseWakesWriter() async throws {
        let filled = try await fill(first)
        async let outcome = thrownReason { try await first.send(pattern.bytes(from: filled, count: Self.surplus)) }
        try await pause()
        first.close()
        try expect(await outcome, is: .closed)
    }

    func checkCloseTwice() async throws {
        try await first.send("x")
        first.close()
        first.close()
        first.abort()
        try expect(await collect(second), equals: [0x78])
        first.close()
    }

    func checkAfterClose() async throws {
        try await second.send("x")
        let (address, peer) = (first.localAddress, first.peer)
        first.close()
        try await expect(.closed) { _ = try await first.receive() }
        try await expect(.closed) { _ = try await first.receive(upTo: 1) }
        try await expect(.closed) { try await first.send("x") }
        try await expect(.closed) { _ = try await sendSome([1], on: first) }
        try await expect(.closed) { try await first.shutdownSending() }
        try expect(
            first.localAddress == address && first.peer == peer, "addresses that stay known",
            or: "\(String(describing: first.localAddress)), \(String(describing: first.peer))")
    }
}
