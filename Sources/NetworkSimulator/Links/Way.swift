// SPDX-License-Identifier: Apache-2.0
import Reactor

/// One direction between two hosts, as it is now. Touched by the thread that runs the network.
final class Way {
    /// What becomes of a packet.
    enum Fate {
        case arrives(LoopInstant)
        case lost
        /// It waits until the way is released.
        case held
    }

    let source: Node
    let target: Node
    private let fabric: Fabric
    /// Nil for the network's usual one.
    var own: Link?
    private var busyUntil = LoopInstant(nanoseconds: 0)
    private(set) var isCut = false
    private var isHeld = false
    private var waiting: [(LoopInstant) -> Void] = []

    init(from source: Node, to target: Node, in fabric: Fabric) {
        self.source = source
        self.target = target
        self.fabric = fabric
    }

    var link: Link { own ?? (source === target ? fabric.loopback : fabric.link) }

    /// Whether anything gets through at all.
    var isOpen: Bool { !isCut && target.isUp && source.isUp }

    /// What becomes of a packet that is sent now.
    ///
    /// - Parameter size: its bytes, without headers.
    func send(_ size: Int) -> Fate {
        if !isOpen { return .lost }
        let now = fabric.clock.now
        let link = link
        guard let departure = departure(of: size, by: link, now) else { return .lost }
        if fabric.chance.happens(link.loss) { return .lost }
        if isHeld { return .held }
        let delay = link.jitter > .zero ? link.latency + fabric.chance.upTo(link.jitter) : link.latency
        return .arrives(departure.advanced(by: delay))
    }

    /// When it has left, if there is room for it.
    private func departure(of size: Int, by link: Link, _ now: LoopInstant) -> LoopInstant? {
        guard let bandwidth = link.bandwidth else { return now }
        let begin = max(busyUntil, now)
        let room = Duration.seconds(link.queueSize) / bandwidth
        if now.duration(to: begin) > room { return nil }
        busyUntil = begin.advanced(by: .seconds(size) / bandwidth)
        return busyUntil
    }

    /// How long an answer takes, if nothing comes between.
    var roundTrip: Duration {
        let back = fabric.way(from: target, to: source).link
        return link.latency + link.jitter + back.latency + back.jitter
    }

    // MARK: Faults

    func cut() { isCut = true }

    func heal() { isCut = false }

    func hold() { isHeld = true }

    /// Keeps something until the way is released; it is called then with the time of its arrival.
    func keep(_ delivery: @escaping (LoopInstant) -> Void) { waiting.append(delivery) }

    func release() {
        isHeld = false
        let arrival = fabric.clock.now.advanced(by: link.latency)
        let waiting = waiting
        self.waiting = []
        for delivery in waiting { delivery(arrival) }
    }

    func tearDown() { waiting = [] }
}
