// SPDX-License-Identifier: Apache-2.0
//
// Decision: what one end sends is put into the other one's list of arrivals, with its time, and an event makes the
//           other one look. The list keeps the order whatever becomes of the events: they may be late, come twice, or
//           be queued at a loop from which the connection has been moved away.
//           A sender may have as much under way or unread as its window says; the reader opens it again, by a segment
//           too, once half of it is free or nothing is left to be read.
import Reactor
import Sockets

/// What a kernel knows of one end of a connection. It lives on after its transport is closed: what was sent still
/// arrives, and what comes is answered by a reset. Touched by the thread that runs the network.
final class StreamEnd: Addressee {
    /// What goes from one end to the other.
    enum Segment {
        case bytes([UInt8])
        case end
        case reset
        /// So many bytes more may be sent.
        case room(Int)
        case acceptance
        case refusal(Errno)
    }

    let localAddress: SocketAddress
    let peerAddress: SocketAddress
    /// The local address was bound for this connection alone.
    var holdsLocalAddress = false
    /// The driver of the loop that looks at the arrivals.
    var driver: MemoryDriver
    /// Told when something may be received or sent.
    weak var transport: MemoryTransport?

    private var other: StreamEnd?
    private var arrivals = FirstInFirstOut<(time: LoopInstant, segment: Segment)>()
    private var lastArrival = LoopInstant(nanoseconds: 0)
    private var unread = ByteQueue()
    /// What was read and not told to the sender yet.
    private var untold = 0
    private var window: Int
    private var isConnected = false
    private var otherHasEnded = false
    private var hasEnded = false
    private var failure: Errno?
    private(set) var isReleased = false

    /// The most bytes that are under way in one piece.
    private static let longestPiece = 65_536

    init(_ local: SocketAddress, peer: SocketAddress, driver: MemoryDriver) {
        localAddress = local
        peerAddress = peer
        self.driver = driver
        window = driver.fabric.settings.bufferSize
    }

    /// Makes two ends each other's peers; the second one knows of it at once.
    static func join(_ first: StreamEnd, _ second: StreamEnd) {
        first.other = second
        second.other = first
        second.isConnected = true
    }

    /// Two ends that are connected.
    static func pair(
        _ first: SocketAddress, _ driver: MemoryDriver, _ second: SocketAddress, _ otherDriver: MemoryDriver
    ) -> (StreamEnd, StreamEnd) {
        let pair = (
            StreamEnd(first, peer: second, driver: driver), StreamEnd(second, peer: first, driver: otherDriver)
        )
        join(pair.0, pair.1)
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
            if !otherHasEnded { submitToOther(.room(untold)) }
            untold = 0
        }
        return .moved(count)
    }

    func send(_ bytes: RawSpan) throws(Errno) -> TransferAttempt {
        if let failure { throw failure }
        if hasEnded { throw .brokenPipe }
        if !isConnected || window == 0 { return .wouldBlock }
        let count = min(bytes.byteCount, window, Self.longestPiece)
        if count == 0 { return .moved(0) }
        window -= count
        note(.bytes(count))
        submitToOther(.bytes(Self.copy(bytes.extracting(first: count))))
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
        if holdsLocalAddress { driver.node.streams.release(localAddress) }
        if isConnected && failure == nil {
            if abruptly || !unread.isEmpty { reset() } else { sendEnd() }
        }
        unread = ByteQueue()
        part()
    }

    // MARK: What goes out

    private func sendEnd() {
        if hasEnded { return }
        hasEnded = true
        note(.end)
        submitToOther(.end)
    }

    private func reset() {
        failure = .connectionReset
        note(.reset)
        submitToOther(.reset)
    }

    private func note(_ kind: NetworkEvent.Kind) { driver.fabric.note(kind, from: localAddress, to: peerAddress) }

    private func submitToOther(_ segment: Segment) { other?.submit(segment) }

    private static func copy(_ bytes: RawSpan) -> [UInt8] { unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) } }

    /// Puts something on its way to this end.
    func submit(_ segment: Segment) {
        let fabric = driver.fabric
        lastArrival = max(lastArrival, fabric.clock.now.advanced(by: fabric.settings.latency))
        arrivals.append((lastArrival, segment))
        driver.post(self, at: lastArrival)
    }

    /// Once both are released they need not know each other.
    private func part() {
        guard let other, other.isReleased else { return }
        other.other = nil
        self.other = nil
    }

    // MARK: What comes in

    func arrive(at now: LoopInstant) {
        while let first = arrivals.first, first.time <= now, let arrival = arrivals.popFirst() { take(arrival.segment) }
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
        case .reset: if failure == nil { failure = otherHasEnded ? .brokenPipe : .connectionReset }
        case .refusal(let error): failure = error
        }
        transport?.arrived()
    }

    private func answerWithReset() { if failure == nil { reset() } }
}
