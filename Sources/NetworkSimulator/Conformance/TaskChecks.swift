// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// What a connection does to the tasks that use it.
extension TransportEnds {
    func checkSecondReader() async throws {
        async let waiting = first.receive(upTo: 10)
        try await pause()
        try await expect(.busy) { _ = try await first.receive(upTo: 1) }
        try await expect(.busy) { _ = try await first.receive() }
        try await second.send("x")
        try expect(await waiting, equals: [0x78])
    }

    func checkSecondWriter() async throws {
        let filled = try await fill(first)
        let rest = Self.surplus
        async let sent: Void = first.send(pattern.bytes(from: filled, count: rest))
        try await pause()
        try await expect(.busy) { try await first.send("x") }
        try await expect(.busy) { _ = try await sendSome([1], on: first) }
        let bytes = try await collect(second, upTo: filled + rest)
        try await sent
        try expect(bytes, equals: pattern.bytes(from: 0, count: filled + rest))
    }

    // MARK: Cancellation

    func checkCancelledReader() async throws {
        try expect(await reasonWhenCancelled { _ = try await first.receive(upTo: 10) }, is: .cancelled)
        try await second.send("alive")
        try expect(await first.receive(upTo: 10), equals: Array("alive".utf8))
    }

    func checkCancelledWriter() async throws {
        let filled = try await fill(first)
        let more = pattern.bytes(from: filled, count: Self.surplus)
        try expect(await reasonWhenCancelled { try await first.send(more) }, is: .cancelled)
        async let received = collect(second)
        try await first.send([1, 2, 3])
        try await first.shutdownSending()
        let bytes = try await received
        // How much of the cancelled send went is not known: what went is in order.
        try expect(bytes.suffix(3) == [1, 2, 3], "the last bytes", or: "\(bytes.suffix(3))")
        try expect(bytes.count >= filled + 3, "at least \(filled + 3) bytes", or: "\(bytes.count)")
        try expect(Array(bytes.dropLast(3)), equals: pattern.bytes(from: 0, count: bytes.count - 3))
        try await second.send("alive")
        try expect(await first.receive(upTo: 10), equals: Array("alive".utf8))
    }

    func checkCancelledBefore() async throws {
        let seen = try await withThrowingTaskGroup(of: SocketError.Reason?.self) { group in
            group.cancelAll()
            group.addTask { try await thrownReason { _ = try await first.receive(upTo: 10) } }
            return try await group.next() ?? nil
        }
        try expect(seen, is: .cancelled)
        try await second.send("x")
        try expect(await first.receive(upTo: 10), equals: [0x78])
    }

    func checkCancelledOwner() async throws {
        let seen = try await reasonWhenCancelled {
            try await withOwnership(of: first) { _ = try await first.receive(upTo: 10) }
        }
        try expect(seen, is: .cancelled)
        try await expect(.cancelled) { _ = try await first.receive(upTo: 1) }
        try await expect(.cancelled) { try await first.send("x") }
        let other = try await fill(second)
        let writing = try await reasonWhenCancelled {
            let more = pattern.bytes(from: other, count: Self.surplus)
            try await withOwnership(of: second) { try await second.send(more) }
        }
        try expect(writing, is: .cancelled)
        first.close()
        try await expect(.closed) { try await first.send("x") }
    }

    /// What a child task gets that is cancelled alone, while it waits.
    private func reasonWhenCancelled(_ body: @escaping @Sendable () async throws -> Void) async throws
        -> SocketError.Reason?
    {
        try await withThrowingTaskGroup(of: SocketError.Reason?.self) { group in
            group.addTask { try await thrownReason(by: body) }
            try await pause()
            group.cancelAll()
            return try await group.next() ?? nil
        }
    }

    // MARK: Deadlines

    func checkReadDeadline() async throws {
        let deadline = first.loop.timeNow.advanced(by: Self.moment)
        first.readDeadline = deadline
        try await expect(.timedOut) { _ = try await first.receive(upTo: 10) }
        try expect(first.loop.timeNow >= deadline, "no end before the deadline", or: "an earlier one")
        try await first.send("there")
        try expect(await collect(second, upTo: 5), equals: Array("there".utf8))
        first.readDeadline = .never
        try await second.send("late")
        try expect(await first.receive(upTo: 10), equals: Array("late".utf8))
    }

    func checkWriteDeadline() async throws {
        let filled = try await fill(first)
        let deadline = first.loop.timeNow.advanced(by: Self.moment)
        first.writeDeadline = deadline
        try await expect(.timedOut) { try await first.send(pattern.bytes(from: filled, count: Self.surplus)) }
        try expect(first.loop.timeNow >= deadline, "no end before the deadline", or: "an earlier one")
        try await second.send("back")
        try expect(await collect(first, upTo: 4), equals: Array("back".utf8))
        first.writeDeadline = .never
        async let received = collect(second)
        try await first.send([1, 2, 3])
        try await first.shutdownSending()
        try expect(await Array(received.suffix(3)), equals: [1, 2, 3])
    }

    func checkNestedDeadlines() async throws {
        let long = Duration.seconds(600)
        for place in 0..<3 {
            let limits = (0..<3).map { $0 == place ? Self.moment : long }
            let deadline = first.loop.timeNow.advanced(by: Self.moment)
            try await expect(.timedOut) {
                try await withDeadline(limits[0]) {
                    try await withDeadline(limits[1]) {
                        try await withDeadline(limits[2]) { _ = try await first.receive(upTo: 1) }
                    }
                }
            }
            try expect(first.loop.timeNow >= deadline, "no end before the deadline", or: "an earlier one")
        }
        try await second.send("x")
        try expect(await withDeadline(long) { try await first.receive(upTo: 1) }, equals: [0x78])
    }

    func checkIdleLimit() async throws {
        // A limit counts from the beginning of the loop's turn: a fresh one is wanted.
        try await pause()
        first.idleLimit = Self.moment
        let begin = first.loop.timeNow
        try await expect(.timedOut) { _ = try await first.receive(upTo: 10) }
        try expect(begin.duration(to: first.loop.timeNow) >= Self.moment / 2, "some patience", or: "none")
        first.idleLimit = nil
        try await second.send("late")
        try expect(await first.receive(upTo: 10), equals: Array("late".utf8))
    }

    func checkPastDeadline() async throws {
        try await pause()
        let now = first.loop.timeNow
        first.readDeadline = LoopInstant(nanoseconds: now.nanoseconds - 1)
        try await expect(.timedOut) { _ = try await first.receive(upTo: 10) }
        first.readDeadline = .never
        try await expect(.timedOut) {
            try await withDeadline(.zero) { _ = try await first.receive(upTo: 10) }
        }
        try await second.send("x")
        try expect(await first.receive(upTo: 10), equals: [0x78])
    }
}
