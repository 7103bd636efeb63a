// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// What a connection does with bytes.
extension TransportEnds {
    func checkOrder() async throws {
        try await first.send("one ")
        try await first.send([0x74, 0x77, 0x6F])
        try await first.send(pattern.bytes(from: 0, count: 1000))
        try await second.send("back")
        try expect(
            await collect(second, upTo: 1007), equals: Array("one two".utf8) + pattern.bytes(from: 0, count: 1000))
        try expect(await collect(first, upTo: 4), equals: Array("back".utf8))
    }

    func checkSmallMemory() async throws {
        try await first.send(pattern.bytes(from: 0, count: 100))
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 7, alignment: 1)
        defer { unsafe memory.deallocate() }
        var bytes: [UInt8] = []
        while bytes.count < 100 {
            var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            guard let count = try await second.receive(into: &output) else { break }
            unsafe _ = output.finalize(for: memory)
            try expect((1...7).contains(count), "1 to 7 bytes", or: "\(count)")
            unsafe bytes += memory.prefix(count)
        }
        try expect(bytes, equals: pattern.bytes(from: 0, count: 100))
    }

    func checkPieces() async throws {
        let (head, body) = (pattern.bytes(from: 0, count: 300), pattern.bytes(from: 300, count: 300_000))
        async let sent: Void = sendPieces(head, body)
        try expect(await collect(second, upTo: 300_302), equals: [1] + head + body + [2])
        try await sent
    }

    private func sendPieces(_ head: [UInt8], _ body: [UInt8]) async throws {
        let (nothing, one) = ([UInt8](), [UInt8(1)])
        try await first.send(unsafe nothing.span.bytes, unsafe one.span.bytes)
        try await first.send(unsafe head.span.bytes, unsafe body.span.bytes)
        try await first.send([[], [2]])
    }

    func checkNothing() async throws {
        try await first.send([UInt8]())
        let count = try await sendSome([], on: first)
        try expect(count == 0, "0 bytes sent", or: "\(count)")
        second.readDeadline = second.loop.timeNow.advanced(by: Self.moment)
        try await expect(.timedOut) { _ = try await second.receive(upTo: 1) }
        second.readDeadline = .never
        try await first.send("x")
        try expect(await second.receive(upTo: 10), equals: [0x78])
    }

    func checkNoRoom() async throws {
        try await second.send("x")
        for maximum in [0, -1] {
            guard case .invalid = try await thrownReason(by: { _ = try await first.receive(upTo: maximum) }) else {
                throw Mismatch(expected: "invalid", seen: "room for \(maximum) bytes was taken")
            }
        }
        try expect(await first.receive(upTo: .max), equals: [0x78])
    }

    func checkPingPong() async throws {
        async let answers: Void = answer(50)
        for number in 0..<50 {
            let question = pattern.bytes(from: number * 100, count: number + 1)
            try await first.send(question)
            try expect(await collect(first, upTo: question.count), equals: question)
        }
        try await answers
    }

    private func answer(_ rounds: Int) async throws {
        for number in 0..<rounds { try await second.send(collect(second, upTo: number + 1)) }
    }

    func checkRandomSizes() async throws {
        let total = 200_000
        async let sentThere: Void = sendRandomly(first, total, .seeded(seed))
        async let sentBack: Void = sendRandomly(second, total, .seeded(seed &+ 1))
        async let there = receiveRandomly(second, total, .seeded(seed &+ 2))
        async let back = receiveRandomly(first, total, .seeded(seed &+ 3))
        _ = try await (sentThere, sentBack)
        try expect(await there, equals: pattern.bytes(from: 0, count: total))
        try expect(await back, equals: pattern.bytes(from: 0, count: total))
    }

    private func sendRandomly(_ connection: Connection, _ total: Int, _ numbers: Randomness) async throws {
        var (sent, numbers) = (0, numbers)
        while sent < total {
            let piece = pattern.bytes(from: sent, count: min(total - sent, numbers.next(upTo: 5000)))
            if numbers.next(upTo: 3) == 1 {
                sent += try await sendSome(piece, on: connection)
            } else {
                try await connection.send(piece)
                sent += piece.count
            }
        }
    }

    private func receiveRandomly(
        _ connection: Connection, _ total: Int, _ numbers: Randomness
    ) async throws -> [UInt8] {
        var (bytes, numbers) = ([UInt8](), numbers)
        while bytes.count < total {
            if numbers.next(upTo: 3) == 1 {
                guard let received = try await connection.receive() else { break }
                bytes += received.array
            } else {
                guard let received = try await connection.receive(upTo: numbers.next(upTo: 3000)) else { break }
                bytes += received
            }
        }
        return bytes
    }

    /// A loop that never got its memory back would have to take new memory for each lease.
    func checkLeases() async throws {
        let rounds = 1000
        var places: Set<UInt> = []
        for number in 0..<rounds {
            let bytes = pattern.bytes(from: number, count: 16)
            try await first.send(bytes)
            guard let one = try await second.receive() else { throw Mismatch(expected: "a lease", seen: "the end") }
            // A second lease must not touch the first one's bytes.
            try await first.send(Array(bytes.reversed()))
            guard let other = try await second.receive() else { throw Mismatch(expected: "a lease", seen: "the end") }
            try expect(one.array, equals: bytes)
            try expect(other.array, equals: bytes.reversed())
            places.insert(Self.place(of: one))
        }
        try expect(places.count <= rounds / 2, "memory that is used again", or: "\(places.count) pieces of memory")
    }

    private static func place(of lease: borrowing Received) -> UInt {
        unsafe lease.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }

    // MARK: Backpressure

    func checkSlowReader() async throws {
        let filled = try await fill(first)
        async let rest: Void = sendTheRest(from: filled)
        var bytes: [UInt8] = []
        while let received = try await second.receive(upTo: 65_536) {
            bytes += received
            // Slow at first, then as fast as it goes.
            if bytes.count < 4 * 65_536 { try await second.loop.sleep(for: .milliseconds(1)) }
        }
        try await rest
        try expect(bytes, equals: pattern.bytes(from: 0, count: filled + 500_000))
    }

    private func sendTheRest(from position: Int) async throws {
        try await first.send(pattern.bytes(from: position, count: 500_000))
        try await first.shutdownSending()
    }

    func checkBothWays() async throws {
        let bytes = pattern.bytes(from: 0, count: 2 << 20)
        async let there = collect(second, upTo: bytes.count)
        async let back = collect(first, upTo: bytes.count)
        async let sentThere: Void = first.send(bytes)
        async let sentBack: Void = second.send(bytes)
        _ = try await (sentThere, sentBack)
        try expect(await there, equals: bytes)
        try expect(await back, equals: bytes)
    }
}
