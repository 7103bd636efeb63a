// SPDX-License-Identifier: Apache-2.0
//
// Decision: what one end sends is put into the other one's list of arrivals, with its time, and an event makes the
//           other one look: one event at a time, for the first that is to come.
//           A sender may have as much under way or unread as its window says; the reader opens it again, by a segment
//           too, once half of it is free or nothing is left to be read.
//           Segments are numbered, and taken in their order. What the way loses goes to the ``Retransmission``; so does
//           what came while nothing gets back to say so. No acknowledgement is sent where nothing is wrong.
import Reactor
import Sockets

/// What a kernel knows of one end of a connection. It lives on after its transport is closed: what was sent still
/// arrives, and what comes is answered by a reset. Touched by the thread that runs the network.
final class StreamEnd: Addressee {
    /// What goes from one end to the other and is sent until it comes.
    enum Segment {
        case bytes([UInt8])
        case end
        /// So many bytes more may be sent.
        case room(Int)
        case acceptance

        var size: Int { if case .bytes(let bytes) = self { bytes.count } else { 0 } }
    }

    /// What comes.
    enum Arrival {
        case segment(UInt32, Segment)
        case reset
        case refusal(Errno)

        var size: Int { if case .segment(_, let segment) = self { segment.size } else { 0 } }
    }

    let localAddress: SocketAddress
    let peerAddress: SocketAddress
    /// The local address was bound for this connection alone.
    var holdsLocalAddress = false
    /// The driver of the loop that looks at the arrivals.
    var driver: MemoryDriver
    /// Where its transport waits to receive and to send. (A weak reference to the transport would make each of its
    /// retains a slow one.)
    var reading: MemoryWait?
    var writing: MemoryWait?

    private(set) var other: StreamEnd?
    private var path: StreamPath?
    private var arrivals = FirstInFirstOut<(time: LoopInstant, arrival: Arrival)>()
    private var lastArrival = LoopInstant(nanoseconds: 0)
    private var lastSent: UInt32 = 0
    private(set) var lastTaken: UInt32 = 0
    /// What came before something that was sent earlier.
    private var early: [UInt32: Segment] = [:]
    private var retransmission: Retransmission?
    private var probe: WindowProbe?
    private var unread = ByteQueue()
    /// What was read and not told to the sender yet.
    private var untold = 0
    private var window: Int
    private var isConnected = false
    private var otherHasEnded = false
    private var hasEnded = false
    private var failure: Errno?
    private(set) var isReleased = false

    init(_ local: SocketAddress, peer: SocketAddress, driver: MemoryDriver) {
        localAddress = local
        peerAddress = peer
        self.driver = driver
        window = driver.fabric.settings.bufferSize
    }

    /// Makes two ends each other's peers; the second one knows of it at once.
    ///
    /// - Parameters:
    ///   - trail: the hosts that the first one's segments come by, both ends included.
    ///   - passages: one for each NAT between them.
    static func join(_ first: StreamEnd, _ second: StreamEnd, by trail: [Node], _ passages: [Passage] = []) {
        let fabric = first.driver.fabric
        first.other = second
        first.path = StreamPath(by: trail, passages, in: fabric)
        second.other = first
        second.path = StreamPath(by: trail.reversed(), passages.reversed(), in: fabric)
        second.isConnected = true
    }

    /// Two ends that are connected.
    static func pair(
        _ first: SocketAddress, _ driver: MemoryDriver, _ second: SocketAddress, _ otherDriver: MemoryDriver
    ) -> (StreamEnd, StreamEnd) {
        let pair = (
            StreamEnd(first, peer: second, driver: driver), StreamEnd(second, peer: first, driver: otherDriver)
        )
        join(pair.0, pair.1, by: [driver.node, otherDriver.node])
        pair.0.isConnected = true
        return pair
    }

    // MARK: What the transport asks

    /// Whether a connection attempt is over.
    var isDecided: Bool { isConnected || failure != nil }
    /// Whether an attempt to receive would not have to wait.
    var canReceive: Bool { !unread.isEmpty || otherHasEnded || failure != nil }
    /// Whether an attempt to send would not have to wait.
    var canSend: Bool { isConnected && window > 0 || hasEnded || failure != nil }

    /// Why there is no connection; nil where there is one.
    var refusal: Errno? { isConnected ? nil : failure }

    func receive(into output: inout OutputRawSpan) throws(Errno) -> TransferAttempt {
        if unread.isEmpty {
            // As on Linux the end goes before a reset that came after it.
            if otherHasEnded { return .ended }
            if let failure { throw failure }
            return .wouldBlock
        }
        let count = unread.move(into: &output)
        untold += count
        if unread.isEmpty || untold * 2 >= driver.fabric.settings.bufferSize {
            if !otherHasEnded { transmit(.room(untold)) }
            untold = 0
        }
        return .moved(count)
    }

    func send(_ bytes: RawSpan) throws(Errno) -> TransferAttempt {
        if let failure { throw failure }
        if hasEnded { throw .brokenPipe }
        guard isConnected, window > 0, let path else { return .wouldBlock }
        let count = min(bytes.byteCount, window, path.longestPiece)
        if count == 0 { return .moved(0) }
        window -= count
        note(.bytes(count))
        transmit(.bytes(Self.copy(bytes.extracting(first: count))))
        return .moved(count)
    }

    /// Ends the sending direction.
    ///
    /// - Throws: `ENOTCONN`.
    func end() throws(Errno) {
        if !isConnected || failure != nil { throw .socketNotConnected }
        sendEnd()
    }

    /// Nobody uses this end any more. As TCP does, it resets the connection where something that came was not read.
    func release(abruptly: Bool) {
        if isReleased { return }
        isReleased = true
        if holdsLocalAddress && !driver.isDead { driver.node.streams.release(localAddress) }
        if isConnected && failure == nil {
            if abruptly || !unread.isEmpty { reset() } else { sendEnd() }
        }
        unread = ByteQueue()
        (reading, writing) = (nil, nil)
        part()
    }

    // MARK: What goes out

    private func sendEnd() {
        if hasEnded { return }
        hasEnded = true
        note(.end)
        transmit(.end)
    }

    private func reset() {
        // Its own task hears of what came first.
        if failure == nil { fail(.connectionReset) }
        note(.reset)
        guard let other, !driver.isDead, !other.driver.isDead else { return }
        driver.fabric.capture?.addReset(from: self)
        send(.reset, leg: 0)
    }

    func note(_ kind: NetworkEvent.Kind) { driver.fabric.note(kind, from: localAddress, to: peerAddress) }

    private static func copy(_ bytes: RawSpan) -> [UInt8] { unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) } }

    /// Sends a segment, and sees to it that it comes.
    func transmit(_ segment: Segment) {
        lastSent &+= 1
        dispatch(lastSent, segment)
    }

    /// Sends a segment once.
    func dispatch(_ number: UInt32, _ segment: Segment) {
        if other == nil || driver.isDead { return }
        driver.fabric.capture?.add(segment, number, from: self)
        send(.segment(number, segment), leg: 0)
    }

    /// Sends something by one of the ways to the other end: the first one, or that which begins at a NAT.
    private func send(_ arrival: Arrival, leg: Int) {
        guard let way = path?.way(leg) else { return }
        switch way.send(arrival.size) {
        case .arrives(let time): pass(arrival, leg, at: time)
        case .held: way.keep { [self] in pass(arrival, leg, at: $0) }
        case .lost: lose(arrival)
        }
    }

    /// Something comes to the end of a way at that time.
    private func pass(_ arrival: Arrival, _ leg: Int, at time: LoopInstant) {
        guard let path, leg < path.lastLeg else { return hand(arrival, at: time) }
        guard let door = path.way(leg).target.door else { return lose(arrival) }
        door.post(Transit(arrival, of: self, before: leg + 1), at: time)
    }

    /// Something has come to a NAT.
    fileprivate func goOn(_ arrival: Arrival, by leg: Int, at now: LoopInstant) {
        // What comes when both ends are over goes nowhere.
        guard other != nil, let path else { return }
        if path.lets(by: leg, at: now) { send(arrival, leg: leg) } else { lose(arrival) }
    }

    fileprivate func lose(_ arrival: Arrival) {
        note(.lost(arrival.size))
        switch arrival {
        case .segment(let number, let segment): sendLater(number, segment)
        case .reset: other?.probeUnlessItSends()
        case .refusal: break
        }
    }

    private func hand(_ arrival: Arrival, at time: LoopInstant) {
        guard let other else { return }
        if !other.driver.isDead { return other.receive(arrival, at: time) }
        guard case .segment(let number, let segment) = arrival else { return }
        if other.driver.node.isUp {
            // It has been restarted and knows nothing of the connection: RFC 9293 §3.5.1.
            receive(.reset, at: time.advanced(by: path?.latency ?? .zero))
        } else {
            sendLater(number, segment)
        }
    }

    /// A segment did not come, or nobody could say so.
    func sendLater(_ number: UInt32, _ segment: Segment) {
        if !mayRetransmit { return }
        let retransmission = retransmission ?? Retransmission(for: self, roundTrip: path?.roundTrip ?? .zero)
        self.retransmission = retransmission
        retransmission.add(number, segment)
    }

    /// A reset to this end was lost. What it sends will be answered by another one; without room to send it has to ask.
    private func probeUnlessItSends() {
        if probe != nil || !needsProbe { return }
        let probe = WindowProbe(for: self, roundTrip: path?.roundTrip ?? .zero)
        self.probe = probe
        probe.arm()
    }

    /// Whether there is somebody yet for what was sent.
    var mayRetransmit: Bool { failure == nil && !driver.isDead }

    /// Whether it waits for room that never comes.
    var needsProbe: Bool { window == 0 && failure == nil && !isReleased && !driver.isDead }

    /// A probe is sent, and answered by a reset where it comes.
    func sendProbe() { if path?.isOpen == true { other?.answerWithReset() } }

    func probingIsOver() { probe = nil }

    /// All that was sent came, or its sender is no more.
    func retransmissionIsOver() {
        retransmission = nil
        if isReleased { part() }
    }

    /// Nobody has answered for too long.
    func giveUp() {
        fail(.timedOut)
        if isReleased { part() }
        wake()
    }

    private func fail(_ error: Errno) {
        failure = error
        retransmission = nil
        early = [:]
    }

    /// Once both are released they need not know each other.
    private func part() {
        guard let other, other.isReleased, retransmission == nil, other.retransmission == nil else { return }
        other.other = nil
        self.other = nil
        path?.close()
    }

    // MARK: What comes in

    /// Whoever can go on does.
    private func wake() {
        if canReceive { reading?.wake() }
        if canSend { writing?.wake() }
    }

    /// Puts something on its way to this end.
    func receive(_ arrival: Arrival, at time: LoopInstant) {
        lastArrival = max(lastArrival, time)
        let isFirst = arrivals.isEmpty
        arrivals.append((lastArrival, arrival))
        if isFirst { driver.post(self, at: lastArrival) }
    }

    func arrive(at now: LoopInstant) {
        while let first = arrivals.first, first.time <= now, let next = arrivals.popFirst() { take(next.arrival) }
        if let first = arrivals.first { driver.post(self, at: first.time) }
    }

    func vanish() {
        while let next = arrivals.popFirst() {
            if case .segment(let number, let segment) = next.arrival { other?.sendLater(number, segment) }
        }
    }

    private func take(_ arrival: Arrival) {
        switch arrival {
        case .segment(let number, let segment):
            if failure == nil { takeInOrder(number, segment) } else { answerWithReset() }
            // A reset says nothing of what came, and may be lost: until it arrives the segment comes again.
            if failure != nil || path?.isOpen == false {
                other?.sendLater(number, segment)
            } else {
                other?.retransmission?.confirm(number)
            }
        case .reset:
            if failure == nil { fail(otherHasEnded ? .brokenPipe : .connectionReset) }
            if isReleased { part() }
        case .refusal(let error): fail(error)
        }
        wake()
    }

    private func takeInOrder(_ number: UInt32, _ segment: Segment) {
        if number != lastTaken &+ 1 {
            // What was taken before comes again where nobody could say that it came.
            if number > lastTaken { early[number] = segment }
            return
        }
        lastTaken = number
        take(segment)
        while !early.isEmpty, let next = early.removeValue(forKey: lastTaken &+ 1) {
            lastTaken &+= 1
            take(next)
        }
    }

    private func take(_ segment: Segment) {
        switch segment {
        case .bytes(let bytes):
            // There is nobody who could read them any more.
            if isReleased { return answerWithReset() }
            unread.append(bytes)
        case .acceptance:
            isConnected = true
            if isReleased { return answerWithReset() }
        case .end: otherHasEnded = true
        case .room(let count): window += count
        }
    }

    /// As often as something comes: the one before may have been lost.
    private func answerWithReset() { if let other, other.failure == nil { reset() } }
}

/// Something of a connection, on its way to a NAT.
private final class Transit: Addressee {
    private let arrival: StreamEnd.Arrival
    private let end: StreamEnd
    private let leg: Int

    /// - Parameter leg: the number of the way that begins at the NAT.
    init(_ arrival: StreamEnd.Arrival, of end: StreamEnd, before leg: Int) {
        self.arrival = arrival
        self.end = end
        self.leg = leg
    }

    func arrive(at now: LoopInstant) { end.goOn(arrival, by: leg, at: now) }

    func vanish() { end.lose(arrival) }
}
