// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Who has made a connection of callbacks, and wants to hear of its end. (An existential would be twice as large, in
/// every connection.)
enum TransportOwner {
    case port(ListeningPort)
    case connector(ClientConnector)
    case nobody

    func transportEnded(_ transport: StreamTransport, _ reason: CloseReason) {
        switch self {
        case .port(let port): port.transportEnded(transport, reason)
        case .connector(let connector): connector.transportEnded(transport, reason)
        case .nobody: break
        }
    }
}

/// What most connections never have: it is made when the first part of it is needed.
final class TransportExtras {
    /// Why the connection is to end, whatever is still to be sent.
    var end: CloseReason?
    var producer: Producer?
    /// What waits for the producer to end.
    var turns: [Turn] = []
    /// A second producer is being told that it is none: what it does then is not the first one's doing.
    var isRefusing = false
    var maximumBuffered = StreamTransport.defaultMaximumBuffered
    /// Where reading stops, and goes on.
    var writeBufferLimits = StreamTransport.defaultWriteBufferLimits
    /// Told of every byte that comes and goes.
    var taps: [any TrafficTap] = []
    /// How fast it may read, and write.
    var readRate: SharedRate?
    var writeRate: SharedRate?

    private var linger: LoopTimer?
    private var readHold: LoopTimer?
    private var writeHold: LoopTimer?
    private var timeout: LoopTimer?
    private var timeLimit: Duration?
    private var resetsOnTraffic = true
    private var lastTraffic = LoopInstant.never

    // MARK: What comes and goes

    func note(received bytes: RawSpan, _ transport: StreamTransport) {
        noteTraffic(transport.loop)
        for tap in taps { tap.received(bytes, transport) }
        guard let readRate else { return }
        let now = transport.loop.now
        let next = readRate.take(bytes.byteCount, at: now)
        if next <= now { return }
        transport.change(inserting: .isReadHeld)
        arm(&readHold, at: next, of: transport) { $0.change(removing: .isReadHeld) }
    }

    func note(written bytes: RawSpan, _ transport: StreamTransport) {
        if case .pull(let giver, true) = producer { producer = .pull(giver, isAsked: false) }
        for tap in taps { tap.written(bytes, transport) }
    }

    func note(sent count: Int, _ transport: StreamTransport) {
        if count > 0 { noteTraffic(transport.loop) }
        guard let writeRate else { return }
        _ = writeRate.take(count, at: transport.loop.now)
    }

    /// How many bytes may be sent now; if none, sending goes on by itself when some may.
    func writeAllowance(_ transport: StreamTransport) -> Int {
        guard let writeRate else { return .max }
        let (allowance, next) = writeRate.allowance(at: transport.loop.now)
        if allowance > 0 { return allowance }
        transport.change(inserting: .isWriteHeld)
        arm(&writeHold, at: next, of: transport) { $0.change(removing: .isWriteHeld) }
        return 0
    }

    // MARK: Time

    /// The connection is to be closed, and the peer takes its time.
    func armLinger(of transport: StreamTransport) {
        if linger == nil {
            let end = transport.loop.now.advanced(by: StreamTransport.defaultLinger)
            arm(&linger, at: end, of: transport) { $0.end(.timedOut) }
        }
    }

    func setTimeout(_ limit: Duration?, _ resetsOnTraffic: Bool, of transport: StreamTransport) {
        timeLimit = limit
        self.resetsOnTraffic = resetsOnTraffic
        lastTraffic = transport.loop.now
        if let timeout { transport.loop.timers.cancel(timeout) }
        timeout = nil
        if let limit {
            arm(&timeout, at: lastTraffic.advanced(by: limit), of: transport) { $0.extras?.checkTimeout(of: $0) }
        }
    }

    func resetTimeout(_ loop: EventLoop) { lastTraffic = loop.now }

    /// The time is up, unless there was traffic meanwhile: to move the timer each time would cost more.
    private func checkTimeout(of transport: StreamTransport) {
        guard let timeLimit else { return }
        let due = lastTraffic.advanced(by: timeLimit)
        if due > transport.loop.now {
            arm(&timeout, at: due, of: transport) { $0.extras?.checkTimeout(of: $0) }
        } else {
            timeout = nil
            transport.noteTimeout()
        }
    }

    private func noteTraffic(_ loop: EventLoop) {
        if timeLimit != nil && resetsOnTraffic { lastTraffic = loop.now }
    }

    private func arm(
        _ timer: inout LoopTimer?, at deadline: LoopInstant, of transport: StreamTransport,
        _ action: @escaping (StreamTransport) -> Void
    ) {
        let loop = transport.loop
        if let timer { loop.timers.cancel(timer) }
        let made = LoopTimer { [weak transport] _ in if let transport { action(transport) } }
        timer = made
        loop.timers.arm(made, at: deadline)
    }

    /// The connection is over.
    func end(on loop: EventLoop) {
        for timer in [linger, readHold, writeHold, timeout] { if let timer { loop.timers.cancel(timer) } }
        // Before anybody is told: who is stopped may unregister.
        let (stopped, waiting) = (producer, turns)
        (producer, turns) = (nil, [])
        stopped?.stop()
        for case .producer(let producer) in waiting { producer.stopProducing() }
    }
}

/// Told of what comes and goes on a connection.
protocol TrafficTap: Sendable {
    func received(_ bytes: RawSpan, _ transport: StreamTransport)
    func written(_ bytes: RawSpan, _ transport: StreamTransport)
}
