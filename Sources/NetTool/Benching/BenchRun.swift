// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// One run of `nt bench`.
struct BenchRun: Sendable {
    private let opening: PeerOpening
    private let duration: Duration
    private let streams: Int
    private let isReverse: Bool
    private let rate: BitRate?
    private let length: Int
    private let session: Session
    private let report: Report

    /// What UDP sends at unless told otherwise: no network is flooded by chance.
    private static let usualDatagramRate = BitRate(bitsPerSecond: 1e7)

    init(_ options: BenchOptions, in session: Session) throws(ToolFailure) {
        opening = try PeerOpening(options.address, timeout: options.timeout.duration, from: nil)
        switch opening.endpoint.scheme {
        case .tcp, .unix:
            if options.length != nil { throw ToolFailure(.usage, "--length is the length of a datagram: udp://") }
            if options.isReverse, options.rate != nil {
                throw ToolFailure(.usage, "--rate is for what is sent from here: with --reverse the sink sends")
            }
        case .udp:
            if options.isReverse {
                throw ToolFailure(.usage, "--reverse is for streams: a sink sends nobody datagrams unasked")
            }
        default: throw ToolFailure(.usage, "\(opening.endpoint): nt bench measures tcp, unix and udp")
        }
        duration = options.duration.duration
        streams = options.streams
        isReverse = options.isReverse
        rate = options.rate ?? (opening.isDatagrams ? Self.usualDatagramRate : nil)
        length = options.length ?? 1400
        self.session = session
        report = Report(session, isJSON: options.form.json)
    }

    func run() throws(ToolFailure) -> ExitStatus {
        let loop = try EventLoop.forTool()
        return try loop.runUntilComplete { [self] () async throws(ToolFailure) in
            do { return try await measure(on: loop) } catch {
                let failure = ToolFailure(error)
                try report.end(failure.status)
                throw failure
            }
        }
    }

    private func measure(on loop: EventLoop) async throws -> ExitStatus {
        let signals = try await TerminationSignals()
        let load = BenchLoad(
            on: loop, for: duration, bytesPerSecond: rate.map { $0.bitsPerSecond / 8 / Double(streams) },
            patience: opening.timeout)
        let ending = EndingSignal()
        let (enough, bell) = AsyncStream<Void>.makeStream()
        async let _ = signals.watch { signal in
            ending.note(signal)
            load.stop()
            bell.yield()
        }
        try begin()
        let start = loop.timeNow
        let result: BenchResult
        do { result = try await measureAll(load, from: start, until: enough) } catch {
            let failure = ToolFailure(error)
            throw ToolFailure(ending.status ?? failure.status, failure.message)
        }
        let status = ending.status ?? .success
        try tell(result, in: start.duration(to: loop.timeNow), status)
        return status
    }

    /// - Parameter enough: gives something when somebody has had enough: the rest must not take long then.
    private func measureAll(
        _ load: BenchLoad, from start: LoopInstant, until enough: AsyncStream<Void>
    ) async throws -> BenchResult {
        try await withThrowingTaskGroup(of: BenchResult?.self) { group in
            for _ in 0..<streams { group.addTask { try await measureOne(load) } }
            group.addTask { try await tellIntervals(load, from: start) }
            group.addTask {
                for await _ in enough { break }
                try await load.loop.sleep(for: load.patience)
                throw ToolFailure(.timedOut, "\(opening.endpoint) has not come to an end")
            }
            defer { group.cancelAll() }
            var sum: BenchResult?
            var left = streams
            while left > 0, let next = try await group.next() {
                guard let next else { continue }
                sum = sum.map { $0 + next } ?? next
                left -= 1
            }
            return sum ?? BenchResult()
        }
    }

    private func measureOne(_ load: BenchLoad) async throws -> BenchResult {
        if opening.isDatagrams {
            return try await withDatagramSocket(to: opening.endpoint, loop: load.loop) { socket in
                try await DatagramLoad(load, over: socket, length: length).send()
            }
        }
        return try await withConnection(to: opening.endpoint, timeout: opening.timeout, on: load.loop) { connection in
            let stream = StreamLoad(load: load, connection: connection)
            return try await isReverse ? stream.receive() : stream.send()
        }
    }

    // MARK: What is told

    private func begin() throws(ToolFailure) {
        let manner = isReverse ? "receiving from" : "sending to"
        let count = "\(streams) stream\(streams == 1 ? "" : "s")"
        try report.write(
            "\(manner) \(opening.endpoint), \(count), \(TimeSpan(duration))\(rate.map { ", \($0)" } ?? "")",
            event: "start",
            [
                .init("address", .string("\(opening.endpoint)")), .init("streams", JSONValue(streams)),
                .init("reverse", .boolean(isReverse)), .init("bits_per_second", JSONValue(rate?.bitsPerSecond ?? .nan)),
            ])
    }

    /// A line a second, for programs; people get the whole at the end.
    private func tellIntervals(_ load: BenchLoad, from start: LoopInstant) async throws -> BenchResult? {
        guard report.isJSON else { return nil }
        var (told, last) = (0, start)
        while !load.isOver {
            do throws(SocketError) { try await load.loop.sleep(for: .seconds(1)) } catch { return nil }
            let (bytes, now) = (load.bytes, load.loop.timeNow)
            let seconds = last.duration(to: now) / .seconds(1)
            try report.write(
                "", event: "interval",
                [
                    .init("seconds", JSONValue(start.duration(to: now))), .init("bytes", JSONValue(bytes - told)),
                    .init("bits_per_second", JSONValue((Double(bytes - told) * 8 / seconds).rounded())),
                ])
            (told, last) = (bytes, now)
        }
        return nil
    }

    private func tell(_ result: BenchResult, in time: Duration, _ status: ExitStatus) throws(ToolFailure) {
        let seconds = time / .seconds(1)
        let rate = BitRate(bitsPerSecond: (Double(result.arrived) * 8 / seconds).rounded())
        if report.isJSON { return try report.end(status, members(of: result, time, rate)) }
        let unconfirmed = result.confirmed == nil ? "  (sent: the other side does not say what came)" : ""
        try session.print("  \(Double(result.arrived).inBytes) in \(TimeSpan(time))   \(rate)\(unconfirmed)")
        if let packets = result.packets {
            let share = (packets.lostShare * 100).rounded(to: 1)
            try session.print(
                "  \(packets.sent) datagrams, \(packets.lost) lost (\(share) %), \(packets.late) late, jitter "
                    + packets.jitter.inMilliseconds)
        }
        var facts: [String] = []
        if let mean = result.meanRoundTrip, let shortest = result.shortestRoundTrip {
            facts.append("rtt \(mean.inMilliseconds), at least \(shortest.inMilliseconds)")
        }
        if let retransmits = result.retransmits { facts.append("\(retransmits) segments sent again") }
        if !facts.isEmpty { try session.print("  " + facts.joined(separator: ", ")) }
    }

    private func members(of result: BenchResult, _ time: Duration, _ rate: BitRate) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("seconds", JSONValue(time)), .init("bytes", JSONValue(result.arrived)),
            .init("bytes_sent", isReverse ? .null : JSONValue(result.bytes)),
            .init("bits_per_second", JSONValue(rate.bitsPerSecond)), .init("streams", JSONValue(streams)),
            .init("retransmits", result.retransmits.map { JSONValue($0) } ?? .null),
            .init("rtt_seconds", result.meanRoundTrip.map { JSONValue($0) } ?? .null),
        ]
        if let packets = result.packets {
            members += [
                .init("datagrams", JSONValue(packets.sent)), .init("received", JSONValue(packets.received)),
                .init("lost", JSONValue(packets.lost)), .init("late", JSONValue(packets.late)),
                .init("jitter_seconds", JSONValue(packets.jitter)),
            ]
        }
        return members
    }
}

extension Duration {
    /// `0.05 ms`.
    fileprivate var inMilliseconds: String { "\((self / .milliseconds(1)).rounded(to: 1)) ms" }
}
