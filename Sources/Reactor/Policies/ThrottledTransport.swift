// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a wait for bytes and a wait for time are two waits, and a connection waits in one place.
// Decision: while bytes may pass this asks and waits where the transport within does. While none may, it waits in a
//           place of its own until some may, whatever the transport could do meanwhile: a wait may end early.
// Cost:     an end or a reset that comes while no bytes may pass is seen when some may.
import Sockets

/// A transport whose bytes pass at a rate.
final class ThrottledTransport: Transport, @unchecked Sendable {
    /// One way's rate, and where to wait for it.
    private final class Gate {
        let throttle: Throttle
        let place: Waiting
        var timer: ScheduledCall?

        init(_ throttle: Throttle, on loop: EventLoop) {
            self.throttle = throttle
            place = Waiting(on: loop)
        }

        /// Where to wait until bytes may pass; nil when they may.
        func wait(on loop: EventLoop) -> Waiting? {
            let now = loop.timeNow
            let opening = throttle.whenAvailable(at: now)
            if opening <= now { return nil }
            timer?.cancel()
            timer = loop.schedule(after: now.duration(to: opening)) { [place] in place.wake() }
            return place
        }

        func end(_ reason: SocketError.Reason) {
            timer?.cancel()
            timer = nil
            place.disarm()
            place.wake(reason)
        }
    }

    private let base: any Transport
    private let receiving: Gate?
    private let sending: Gate?

    init(_ base: any Transport, receiving: Throttle?, sending: Throttle?) {
        self.base = base
        self.receiving = receiving.map { Gate($0, on: base.loop) }
        self.sending = sending.map { Gate($0, on: base.loop) }
    }

    var loop: EventLoop { base.loop }
    var localAddress: SocketAddress? { base.localAddress }
    var peer: SocketAddress? { base.peer }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        guard let receiving else { return try base.receiveNow(into: &output) }
        try check(receiving, .receive)
        let room = receiving.throttle.available(at: loop.timeNow)
        if output.freeCapacity <= room || output.isFull {
            return passed(try base.receiveNow(into: &output), receiving)
        }
        if room == 0 { return .wouldBlock }
        return passed(
            try output.limited(to: room) { part throws(SocketError) in try base.receiveNow(into: &part) }, receiving)
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        guard let sending, !bytes.isEmpty else { return try base.sendNow(bytes) }
        try check(sending, .send)
        let room = sending.throttle.available(at: loop.timeNow)
        if room == 0 { return .wouldBlock }
        return passed(try base.sendNow(bytes.extracting(first: room)), sending)
    }

    func sendNow(_ first: RawSpan, _ second: RawSpan) throws(SocketError) -> TransferAttempt {
        guard let sending else { return try base.sendNow(first, second) }
        try check(sending, .send)
        let room = sending.throttle.available(at: loop.timeNow)
        if room == 0 { return .wouldBlock }
        if room <= first.byteCount { return passed(try base.sendNow(first.extracting(first: room)), sending) }
        return passed(try base.sendNow(first, second.extracting(first: room - first.byteCount)), sending)
    }

    private func passed(_ attempt: TransferAttempt, _ gate: Gate) -> TransferAttempt {
        if case .moved(let count) = attempt { gate.throttle.take(count, at: loop.timeNow) }
        return attempt
    }

    private func check(_ gate: Gate, _ operation: SocketError.Operation) throws(SocketError) {
        if gate.place.isBusy { throw SocketError(operation, .busy, subject: peer.map { "\($0)" }) }
    }

    func noteMoved(_ count: Int, _ direction: TransportDirection) {
        gate(direction)?.throttle.take(count, at: loop.timeNow)
        base.noteMoved(count, direction)
    }

    func onSocket<Result: ~Copyable>(
        _ direction: TransportDirection?, _ body: (borrowing Socket) throws(SocketError) -> Result
    ) throws(SocketError) -> Result? {
        if let direction, let gate = gate(direction), gate.throttle.available(at: loop.timeNow) == 0 {
            // Whether it could be done at all is not for the rate to hide.
            _ = try base.onSocket(nil) { _ in }
            return nil
        }
        return try base.onSocket(direction, body)
    }

    private func gate(_ direction: TransportDirection) -> Gate? { direction == .receiving ? receiving : sending }

    // MARK: Waits

    func waitToReceive() throws(SocketError) -> Waiting? {
        if let receiving { try check(receiving, .receive) }
        let place = try base.waitToReceive()
        return receiving?.wait(on: loop) ?? place
    }

    var isHeldBack: Bool { receiving?.throttle.available(at: loop.timeNow) == 0 || base.isHeldBack }

    func waitToSend() throws(SocketError) -> Waiting? {
        if let sending { try check(sending, .send) }
        let place = try base.waitToSend()
        return sending?.wait(on: loop) ?? place
    }

    func wakeReceiver() {
        base.wakeReceiver()
        receiving?.place.wake()
    }

    func waitToConnect() throws(SocketError) -> Waiting? { try base.waitToConnect() }
    func finishConnecting() throws(SocketError) { try base.finishConnecting() }
    func shutdownSending() throws(SocketError) { try base.shutdownSending() }

    /// - Precondition: it stays on its loop, where it waits.
    func move(to loop: EventLoop) {
        precondition(loop === base.loop, "a transport that is throttled stays on its loop")
    }

    // MARK: The end

    func close() {
        base.close()
        end(.closed)
    }

    func abort() {
        base.abort()
        end(.closed)
    }

    func cancel() {
        base.cancel()
        end(.cancelled)
    }

    private func end(_ reason: SocketError.Reason) {
        loop.perform { [self] in
            receiving?.end(reason)
            sending?.end(reason)
        }
    }
}

extension OutputRawSpan {
    /// Lends a part of the free room, so many bytes of it.
    fileprivate mutating func limited<Result>(
        to room: Int, _ body: (inout OutputRawSpan) throws(SocketError) -> Result
    ) throws(SocketError) -> Result {
        try unsafe withUnsafeMutableBytes { (memory, filled) throws(SocketError) in
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[filled...].prefix(room))
            var part = unsafe OutputRawSpan(buffer: rest, initializedCount: 0)
            let result = try body(&part)
            filled += unsafe part.finalize(for: rest)
            return result
        }
    }
}
