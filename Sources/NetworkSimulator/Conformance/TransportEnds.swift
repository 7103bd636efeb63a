// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Two connected ends, and what the checks do with them again and again.
struct TransportEnds: Sendable {
    let first: Connection
    let second: Connection
    let pattern: BytePattern
    let seed: UInt64

    /// Long enough for a task to get to its wait, short enough for a list of checks.
    static let moment = Duration.milliseconds(20)
    /// What does not fit any more into a connection that is full.
    static let surplus = 4 << 20
    /// What no sender should get rid of while nobody reads.
    private static let mostUnread = 256 << 20

    init(_ first: Connection, _ second: Connection, seed: UInt64) {
        self.first = first
        self.second = second
        self.seed = seed
        pattern = BytePattern(seed: seed)
    }

    /// Lets other tasks get to their waits.
    func pause() async throws { try await first.loop.sleep(for: Self.moment) }

    /// Receives until the end, or until so many bytes are there.
    func collect(_ connection: Connection, upTo count: Int = .max) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count, let received = try await connection.receive(upTo: min(65_536, count - bytes.count)) {
            try expect(!received.isEmpty, "at least one byte", or: "an empty read")
            bytes += received
        }
        return bytes
    }

    /// Sends what fits.
    func sendSome(_ bytes: [UInt8], on connection: Connection) async throws(SocketError) -> Int {
        try await connection.sendSome(unsafe bytes.span.bytes)
    }

    /// Sends the pattern until nothing more fits.
    ///
    /// - Returns: how many bytes were sent.
    func fill(_ connection: Connection) async throws -> Int {
        var sent = 0
        defer { connection.writeDeadline = .never }
        while sent < Self.mostUnread {
            connection.writeDeadline = connection.loop.timeNow.advanced(by: Self.moment * 2)
            do throws(SocketError) {
                sent += try await sendSome(pattern.bytes(from: sent, count: 65_536), on: connection)
            } catch {
                if error.reason == .timedOut { return sent }
                throw error
            }
        }
        throw Mismatch(expected: "a sender that waits", seen: "\(sent) bytes sent that nobody reads")
    }
}

extension Randomness {
    /// A number from 1 to `most`.
    mutating func next(upTo most: Int) -> Int { Int(next() % UInt64(most)) + 1 }
}

/// Bytes that tell by their place whether they are the right ones.
struct BytePattern: Sendable {
    /// Twice the same, so that any piece of one period lies in one piece.
    private let doubled: [UInt8]
    /// A prime: no buffer's size is a multiple of it.
    private static let period = 65_521

    init(seed: UInt64) {
        var numbers = Randomness.seeded(seed)
        let once = (0..<Self.period).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        doubled = once + once
    }

    func bytes(from position: Int, count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let start = (position + bytes.count) % Self.period
            bytes += doubled[start..<start + min(Self.period, count - bytes.count)]
        }
        return bytes
    }
}
