// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// The peer of `nt bench` over a stream.
struct BenchSink: Sendable {
    private let connection: Connection
    private let client: ClientRecord

    init(_ connection: Connection, _ client: ClientRecord) {
        self.connection = connection
        self.client = client
    }

    func serve() async throws {
        switch try await greeting() {
        case .receive: try await send()
        case .send:
            let count = try await count()
            let line = BenchProtocol.receipt(count)
            try await connection.send(line)
            client.note(bytesOut: line.utf8.count)
        case nil: _ = try await count()
        }
    }

    /// What the client has come for; nil for one that is no `nt bench`.
    private func greeting() async throws -> BenchProtocol.Greeting? {
        var begin: [UInt8] = []
        while begin.count < BenchProtocol.Greeting.longest {
            let candidates = BenchProtocol.Greeting.allCases.filter { $0.bytes.starts(with: begin) }
            if candidates.isEmpty { break }
            guard let byte = try await connection.receive(upTo: 1) else { break }
            begin += byte
            if let greeting = candidates.first(where: { $0.bytes == begin }) { return greeting }
        }
        client.note(bytesIn: begin.count)
        return nil
    }

    private func count() async throws -> Int {
        var count = 0
        while let received = try await connection.receive() {
            count += received.count
            client.note(bytesIn: received.count)
        }
        return count
    }

    /// Sends until the client has ended its side.
    private func send() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let piece = [UInt8](repeating: 0, count: 65_536)
                while !Task.isCancelled {
                    do throws(SocketError) { try await connection.send(piece) } catch {
                        // The client has heard enough, and need not listen to the rest.
                        switch error.reason {
                        case .cancelled, .broken: return
                        default: throw error
                        }
                    }
                    client.note(bytesOut: piece.count)
                }
            }
            group.addTask { while try await connection.receive() != nil {} }
            try await group.next()
            group.cancelAll()
        }
    }
}

/// What a sink has counted of the datagrams of each run.
struct BenchReports {
    /// So many runs are remembered; then the oldest is forgotten.
    static let limit = 256

    private struct Run {
        let sender: SocketAddress
        let session: UInt64
        var counts = BenchPacket.Counts()
        var next: UInt64 = 0
        var transit: Int64?
        var jitter = 0.0
    }

    private var runs: [Run] = []

    /// Counts a datagram, and gives what it is answered with; nil for nothing.
    ///
    /// - Parameter now: nanoseconds of a clock of our own.
    mutating func answer(to bytes: [UInt8], from sender: SocketAddress, at now: Int64) -> [UInt8]? {
        guard let packet = BenchPacket(bytes) else { return nil }
        switch packet.kind {
        case .ping: return bytes
        case .data:
            let index = place(of: sender, packet.session)
            count(packet, bytes.count, in: &runs[index], at: now)
            return nil
        case .end:
            guard bytes.count >= BenchPacket.reportLength else { return nil }
            var report = BenchPacket(.report, session: packet.session)
            report.counts = runs[place(of: sender, packet.session)].counts
            return report.bytes(paddedTo: BenchPacket.reportLength)
        case .report: return nil
        }
    }

    private mutating func place(of sender: SocketAddress, _ session: UInt64) -> Int {
        if let index = runs.lastIndex(where: { $0.session == session && $0.sender == sender }) { return index }
        if runs.count == Self.limit { runs.removeFirst() }
        runs.append(Run(sender: sender, session: session))
        return runs.count - 1
    }

    private func count(_ packet: BenchPacket, _ length: Int, in run: inout Run, at now: Int64) {
        run.counts.packets += 1
        run.counts.bytes += UInt64(length)
        if packet.sequence < run.next { run.counts.late += 1 }
        run.next = max(run.next, packet.sequence &+ 1)
        // The two clocks need not agree: only the difference of two ways counts.
        let transit = now &- packet.time
        if let last = run.transit {
            run.jitter += (Double((transit &- last).magnitude) - run.jitter) / 16
            run.counts.jitter = UInt64(run.jitter)
        }
        run.transit = transit
    }
}
