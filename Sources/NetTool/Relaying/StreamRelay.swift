// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a stream has two directions, and each of them ends by itself. Where one side is gone for good the other one
//           has to learn that its bytes did not all arrive: an orderly end would say that they did.
// Decision: each end is passed on alone; a failure is passed on as a reset. But what a target has said before it
//           stopped listening is still brought to the client, and a program's last word is the end of both directions.
import Reactor
import Sockets
import Synchronization

/// What a client is joined to: two connections for a program, one for all others.
struct Upstream: Sendable {
    /// What the target says.
    let output: Connection
    /// What it is told.
    let input: Connection
    /// What lines call it.
    let name: String

    init(_ connection: Connection, named name: String) {
        (output, input) = (connection, connection)
        self.name = name
    }

    init(output: Connection, input: Connection, named name: String) {
        (self.output, self.input) = (output, input)
        self.name = name
    }

    /// Whether it is a program, which reads nothing any more once it has closed its output.
    var isProgram: Bool { output !== input }

    func abort() {
        output.abort()
        input.abort()
    }
}

/// A client and its target, joined until both directions have ended.
struct StreamRelay: Sendable {
    let client: Connection
    let upstream: Upstream
    let record: ClientRecord
    /// How long everything is kept.
    let delay: Duration
    /// How long nothing may pass.
    let idle: Duration?
    /// What the traffic is written down by.
    let trace: TrafficRecord?
    private let activity = Activity()

    init(
        _ client: Connection, _ upstream: Upstream, _ record: ClientRecord, delay: Duration, idle: Duration?,
        trace: TrafficRecord?
    ) {
        self.client = client
        self.upstream = upstream
        self.record = record
        self.delay = delay
        self.idle = idle
        self.trace = trace
    }

    /// How long a client may take to end that is not heard to its end.
    private static let linger = Duration.seconds(2)

    /// Passes on what comes until both directions have ended. After a failure both connections are reset.
    func run() async throws {
        activity.note(client.loop.timeNow)
        do { try await passBothWays() } catch {
            client.abort()
            upstream.abort()
            try trace?.noteBreak(.toClient)
            throw error
        }
        if upstream.isProgram || activity.lateFailure != nil { try? await client.close(within: Self.linger) }
        if let failure = activity.lateFailure { throw failure }
    }

    private func passBothWays() async throws {
        try await withThrowingTaskGroup(of: RelayDirection.self) { group in
            for direction in RelayDirection.allCases {
                group.addTask {
                    try await pass(direction)
                    return direction
                }
            }
            // The first failure is the end of both: whoever waits for all would not hear of it.
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if ended == .toClient, upstream.isProgram { break }
            }
        }
    }

    // MARK: One direction

    private func pass(_ direction: RelayDirection) async throws {
        let (source, sink) = direction == .toTarget ? (client, upstream.input) : (upstream.output, client)
        do {
            if delay > .zero {
                try await passLater(from: source, to: sink, direction)
            } else {
                while let received = try await receive(from: source, direction) {
                    if let trace { try await trace.note(received.array, direction) }
                    try await deliver(received.bytes, from: source, to: sink, direction)
                }
            }
        } catch let error as TargetGone {
            // What it said before is still on its way to the client.
            activity.note(error)
            return
        }
        try trace?.noteEnd(direction)
        do throws(SocketError) { try await sink.shutdownSending() } catch {
            // It has gone in the meantime, with everything that it was sent.
            switch error.reason {
            case .broken, .closed: break
            default: if !error.isNotConnected { throw error }
            }
        }
    }

    /// By way of a line, so that waiting for one piece does not hold up the next.
    private func passLater(from source: Connection, to sink: Connection, _ direction: RelayDirection) async throws {
        let line = DelayLine()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { line.close() }
                while let bytes = try await receive(from: source, direction)?.array {
                    let due = source.loop.timeNow.advanced(by: delay)
                    guard await line.put(.init(bytes: bytes, due: due)) else { return }
                }
            }
            group.addTask {
                defer { line.close() }
                while let piece = await line.take() {
                    let now = sink.loop.timeNow
                    if now < piece.due { try await sink.loop.sleep(for: now.duration(to: piece.due)) }
                    try await trace?.note(piece.bytes, direction)
                    try await deliver(piece.bytes.span.bytes, from: source, to: sink, direction)
                }
            }
            do { for try await _ in group {} } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    // MARK: Bytes

    /// How long nothing may come: what is kept on purpose is no silence.
    private var patience: Duration? { idle.map { $0 + delay } }

    private func receive(from source: Connection, _ direction: RelayDirection) async throws -> Received? {
        while true {
            // One direction may be silent while the other one is not.
            if let patience { source.readDeadline = activity.last.advanced(by: patience) }
            do throws(SocketError) {
                guard let received = try await source.receive() else { return nil }
                if direction == .toTarget { record.note(bytesIn: received.count) }
                activity.note(client.loop.timeNow)
                return received
            } catch {
                if case .broken = error.reason { try trace?.noteBreak(direction) }
                guard error.reason == .timedOut, let patience else { throw error }
                if activity.last.advanced(by: patience) <= client.loop.timeNow { throw Idle(limit: idle) }
            }
        }
    }

    private func deliver(
        _ bytes: RawSpan, from source: Connection, to sink: Connection, _ direction: RelayDirection
    ) async throws {
        let deadline = idle.map { sink.loop.timeNow.advanced(by: $0) } ?? .never
        let isDelivered: Bool
        do throws(SocketError) { isDelivered = try await sink.send(bytes, saidBy: source, until: deadline) } catch {
            if error.reason == .timedOut { throw Idle(limit: idle) }
            if case .broken = error.reason { try trace?.noteBreak(direction.opposite) }
            if direction == .toTarget, case .broken = error.reason { throw TargetGone(description: "\(error)") }
            throw error
        }
        guard isDelivered else {
            try trace?.noteBreak(direction)
            throw BrokenOff(source)
        }
        if direction == .toClient { record.note(bytesOut: bytes.byteCount) }
        activity.note(sink.loop.timeNow)
    }

    /// The target took no more, and has perhaps said why.
    private struct TargetGone: Error, CustomStringConvertible {
        let description: String
    }

    /// What both directions know.
    private final class Activity: Sendable {
        private let nanoseconds = Atomic<Int64>(0)
        private let failure = Mutex<TargetGone?>(nil)

        /// When something passed last.
        var last: LoopInstant { LoopInstant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
        func note(_ instant: LoopInstant) { nanoseconds.store(instant.nanoseconds, ordering: .relaxed) }

        /// A failure that counts once everything else is done.
        var lateFailure: TargetGone? { failure.withLock { $0 } }
        func note(_ late: TargetGone) { failure.withLock { $0 = late } }
    }
}

/// A side has gone for good before what it said was delivered.
struct BrokenOff: Error, CustomStringConvertible {
    let description: String

    init(_ source: Connection) {
        let name = source.peer.map { "\($0)" } ?? "it"
        description = "\(name) has broken off, and not all that it said was taken"
    }
}

/// Nothing has passed for too long.
struct Idle: Error, CustomStringConvertible {
    let limit: Duration?
    var description: String { limit.map { "idle for \(TimeSpan($0))" } ?? "idle" }
}
