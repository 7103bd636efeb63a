// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// What the streams of one run have in common.
final class BenchLoad: Sendable {
    let loop: EventLoop
    let end: LoopInstant
    /// Bytes a second of each stream; nil for as many as there can be.
    let bytesPerSecond: Double?
    /// How long the last answer may take.
    let patience: Duration
    private let isStopped = Atomic(false)
    private let passed = Atomic(0)

    init(on loop: EventLoop, for duration: Duration, bytesPerSecond: Double?, patience: Duration) {
        self.loop = loop
        end = loop.timeNow.advanced(by: duration)
        self.bytesPerSecond = bytesPerSecond
        self.patience = patience
    }

    /// Whether the time is up, or somebody has enough.
    var isOver: Bool { isStopped.load(ordering: .relaxed) || loop.timeNow >= end }

    /// Ends it before its time. Any thread may call this.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Bytes of all streams so far.
    var bytes: Int { passed.load(ordering: .relaxed) }
    func note(_ bytes: Int) { passed.wrappingAdd(bytes, ordering: .relaxed) }
}

/// Keeps to a rate: says when the next bytes are due.
struct Pace {
    private let start: LoopInstant
    private let bytesPerSecond: Double
    private var sent = 0.0

    init(from start: LoopInstant, bytesPerSecond: Double) {
        self.start = start
        self.bytesPerSecond = bytesPerSecond
    }

    mutating func note(_ bytes: Int) { sent += Double(bytes) }

    /// How long to wait before more may be sent; zero or less if it is due.
    func wait(at now: LoopInstant) -> Duration {
        .seconds(sent / bytesPerSecond) - start.duration(to: now)
    }
}

/// One stream of a run.
struct StreamLoad: Sendable {
    let load: BenchLoad
    let connection: Connection

    /// Sends to the end of the time, and hears what came of it.
    func send() async throws -> BenchResult {
        var result = BenchResult()
        try await connection.send(BenchProtocol.Greeting.send.bytes)
        var pace = load.bytesPerSecond.map { Pace(from: load.loop.timeNow, bytesPerSecond: $0) }
        let size = load.bytesPerSecond.map { min(65_536, max(1, Int($0 / 100))) } ?? 65_536
        let piece = [UInt8](repeating: 0, count: size)
        while !load.isOver {
            if let wait = pace?.wait(at: load.loop.timeNow), wait > .zero {
                try await load.loop.sleep(for: min(wait, .milliseconds(100)))
                continue
            }
            try await connection.send(piece)
            pace?.note(size)
            result.bytes += size
            load.note(size)
        }
        try await connection.shutdownSending()
        connection.readDeadline = load.loop.timeNow.advanced(by: load.patience)
        // The kernel forgets a connection's numbers with the connection.
        let line = try await connection.lines(maximumLength: 64).next()
        // A sink that says more than it was sent says nothing.
        let sent = result.bytes
        result.confirmed = line.flatMap(BenchProtocol.count(inReceipt:)).flatMap { 0...sent ~= $0 ? $0 : nil }
        return await noted(result)
    }

    /// Receives to the end of the time.
    func receive() async throws -> BenchResult {
        var result = BenchResult()
        try await connection.send(BenchProtocol.Greeting.receive.bytes)
        connection.readDeadline = load.end.advanced(by: load.patience)
        while !load.isOver, let received = try await connection.receive() {
            result.bytes += received.count
            load.note(received.count)
        }
        // The sink ends when it hears of it; what was under way until then counts too.
        try await connection.shutdownSending()
        connection.readDeadline = load.loop.timeNow.advanced(by: load.patience)
        while let received = try await connection.receive() { result.bytes += received.count }
        result.confirmed = result.bytes
        return await noted(result)
    }

    /// With what the kernel knows of the connection, if it is one of TCP.
    private func noted(_ result: BenchResult) async -> BenchResult {
        var result = result
        if connection.peer?.ip != nil, let info = try? await connection.option(.tcpInfo) {
            result.retransmits = info.totalRetransmits
            if info.roundTrip > .zero { result.roundTrips = [info.roundTrip] }
        }
        return result
    }
}
