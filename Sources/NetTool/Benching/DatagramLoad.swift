// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// One stream of datagrams: some to be counted, now and then one to be sent back.
final class DatagramLoad: Sendable {
    private let load: BenchLoad
    private let socket: DatagramSocket
    private let session: UInt64
    private let length: Int
    private let heard = Mutex((roundTrips: [Duration](), report: BenchPacket?.none))

    /// From one question to the next.
    private static let pingInterval = Duration.milliseconds(100)
    /// So many answers are remembered: a sink may send what it likes.
    private static let roundTripLimit = 100_000
    /// From one request for the report to the next: each of them may be lost.
    private static let endInterval = Duration.milliseconds(10)

    init(_ load: BenchLoad, over socket: DatagramSocket, length: Int) {
        self.load = load
        self.socket = socket
        self.length = length
        var randomness = load.loop.world.randomness
        session = randomness.next()
    }

    /// Sends to the end of the time, and asks for the report.
    ///
    /// - Throws: a failure when no report comes.
    func send() async throws -> BenchResult {
        let sent = try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask { try await self.hear() }
            group.addTask { try await self.sendAll() }
            defer { group.cancelAll() }
            while let count = try await group.next() { if let count { return count } }
            return 0
        }
        let (roundTrips, report) = heard.withLock { $0 }
        guard let report else {
            throw ToolFailure(
                .timedOut, "\(socket.peer.map { "\($0)" } ?? "the sink") has not answered: is nt listen … sink there?")
        }
        var result = BenchResult(bytes: sent * length, confirmed: Self.count(report.counts.bytes, of: sent * length))
        result.roundTrips = roundTrips
        result.packets = BenchResult.Packets(
            sent: sent, received: Self.count(report.counts.packets, of: sent),
            late: Self.count(report.counts.late, of: sent),
            jitter: .nanoseconds(Int64(clamping: report.counts.jitter)))
        return result
    }

    /// How many a sink says there were of those that were sent: a datagram may come twice, but not a thousand times.
    private static func count(_ told: UInt64, of sent: Int) -> Int { min(Int(clamping: told), sent * 1000) }

    private func sendAll() async throws -> Int {
        let loop = load.loop
        var pace = Pace(from: loop.timeNow, bytesPerSecond: load.bytesPerSecond ?? 1.25e6)
        var nextPing = loop.timeNow
        var sent = 0
        while !load.isOver {
            let now = loop.timeNow
            if now >= nextPing {
                try await transmit(BenchPacket(.ping, session: session, time: now.nanoseconds), BenchPacket.headLength)
                nextPing = now.advanced(by: Self.pingInterval)
            }
            let wait = pace.wait(at: now)
            if wait > .zero {
                try await loop.sleep(for: min(wait, Self.pingInterval))
                continue
            }
            let packet = BenchPacket(.data, session: session, sequence: UInt64(sent), time: now.nanoseconds)
            try await transmit(packet, length)
            pace.note(length)
            load.note(length)
            sent += 1
        }
        let deadline = loop.timeNow.advanced(by: load.patience)
        while heard.withLock({ $0.report == nil }), loop.timeNow < deadline {
            try await transmit(BenchPacket(.end, session: session), BenchPacket.reportLength)
            try await loop.sleep(for: Self.endInterval)
        }
        return sent
    }

    private func transmit(_ packet: BenchPacket, _ length: Int) async throws {
        try await socket.send(packet.bytes(paddedTo: length))
    }

    /// Hears answers until it is cancelled.
    private func hear() async throws -> Int? {
        while !Task.isCancelled {
            let datagram: Datagram
            do throws(SocketError) { datagram = try await socket.receive() } catch {
                if error.reason == .cancelled { return nil }
                throw error
            }
            guard let packet = BenchPacket(datagram.bytes), packet.session == session else { continue }
            switch packet.kind {
            case .ping:
                let now = socket.loop.timeNow
                let trip = LoopInstant(nanoseconds: packet.time).duration(to: now)
                heard.withLock { if $0.roundTrips.count < Self.roundTripLimit { $0.roundTrips.append(trip) } }
            case .report: heard.withLock { $0.report = packet }
            case .data, .end: break
            }
        }
        return nil
    }
}
