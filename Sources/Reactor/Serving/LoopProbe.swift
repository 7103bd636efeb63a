// SPDX-License-Identifier: Apache-2.0
import CoreMetrics
import Sockets

/// Measures one loop for one server: how late its timers are, and the bytes of the server's connections there. It costs
/// the loop a timer while the server runs. What is not constant is touched by the loop's thread alone.
final class LoopProbe: @unchecked Sendable {
    let loop: EventLoop
    private let metrics: ServerMetrics
    private let lag: Timer
    private var timer: LoopTimer?
    private var due = LoopInstant.never
    private var received = 0
    private var sent = 0

    init(_ metrics: ServerMetrics, loop: EventLoop, number: Int) {
        self.metrics = metrics
        self.loop = loop
        lag = metrics.lag(ofLoop: number)
    }

    func start() {
        loop.perform { [self] in
            if timer != nil { return }
            let timer = LoopTimer { [unowned self] _ in sample() }
            self.timer = timer
            arm(timer, from: loop.timeNow)
        }
    }

    /// Hands on what was counted since the last sample; there is none after this.
    func stop() async {
        try? await loop.run { [self] () throws(SocketError) in
            if let timer { loop.timers.cancel(timer) }
            timer = nil
            handOn()
        }
    }

    @inline(__always)
    func note(_ count: Int, _ direction: TransportDirection) {
        if direction == .receiving { received &+= count } else { sent &+= count }
    }

    private func arm(_ timer: LoopTimer, from now: LoopInstant) {
        due = now.advanced(by: metrics.interval)
        loop.timers.arm(timer, at: due)
    }

    private func sample() {
        guard let timer else { return }
        let now = loop.timeNow
        lag.recordNanoseconds(due.duration(to: now).wholeNanoseconds)
        handOn()
        arm(timer, from: now)
    }

    private func handOn() {
        metrics.record(received: received, sent: sent)
        received = 0
        sent = 0
    }
}

/// The probes of a server's loops.
struct LoopProbes: Sendable {
    private let probes: [LoopProbe]

    init(_ metrics: ServerMetrics, on loops: [EventLoop]) {
        var probes: [LoopProbe] = []
        for loop in loops where !probes.contains(where: { $0.loop === loop }) {
            probes.append(LoopProbe(metrics, loop: loop, number: probes.count))
        }
        self.probes = probes
    }

    func start() { for probe in probes { probe.start() } }

    func stop() async { for probe in probes { await probe.stop() } }

    /// The transport, with its bytes counted on its loop.
    func counting(_ transport: any Transport) -> (any Transport)? {
        probes.first { $0.loop === transport.loop }.map { CountingTransport(transport, $0.note) }
    }
}
