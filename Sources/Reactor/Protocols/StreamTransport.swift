// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a connection of callbacks is what its protocol was told, what is to be sent, and where it waits.
// Decision: it reads as long as its protocol wants it to and the peer takes the answers: above the high-water mark of
//           what is to be sent nothing is read, so that a peer that asks and never reads costs what the system's
//           buffers hold. What a callback writes goes out in one piece when it has returned; what is written from
//           elsewhere on the loop, at the end of the turn's phase.
// Cost:     an idle connection has this object, its driver's transport and one place to wait; memory for what is to be
//           sent only while there is any.
public import Sockets

/// A connection, as its ``StreamProtocol`` sees it: Twisted's `ITCPTransport`. (``Transport`` is what carries its
/// bytes: a socket, memory, TLS.)
///
/// Nothing here waits, and nothing calls the protocol before the callback that is under way has returned. Writing,
/// closing and pausing may be asked for on any thread; what the connection is may be asked on the loop.
public final class StreamTransport: WaitObserver, @unchecked Sendable {
    /// Above so many bytes to be sent a producer is paused, and the connection reads no more, unless
    /// ``setWriteBufferLimits(high:low:)`` says otherwise. Twisted: `bufferSize`.
    public static let highWaterMark = 65_536
    /// With so many or fewer it goes on.
    public static let lowWaterMark = 32_768
    static let defaultWriteBufferLimits = (high: highWaterMark, low: lowWaterMark)
    /// The most bytes that may wait to be sent unless ``setMaximumBuffered(_:)`` says otherwise; a connection with more
    /// is ended.
    public static let defaultMaximumBuffered = 16 << 20
    /// How long a connection that is to be closed goes on trying to send what was written.
    public static let defaultLinger = Duration.seconds(30)

    /// The loop that the connection belongs to.
    public let loop: EventLoop
    let carrier: any Transport
    private var handler: any StreamProtocol
    /// Told of the end after the protocol.
    private var owner: TransportOwner
    private(set) var state: State = []
    /// Where it stands among the loop's connections.
    var place: UInt32 = 0
    private var output: OutputQueue?
    /// What most connections never have.
    var extras: TransportExtras?
    /// What the protocol's framing keeps between two pieces.
    var framing: AnyObject?

    init(_ carrier: any Transport, _ handler: any StreamProtocol, owner: TransportOwner) {
        self.carrier = carrier
        self.handler = handler
        self.owner = owner
        loop = carrier.loop
    }

    // MARK: What it is

    /// The peer's address; it stays known after the connection is gone. Twisted: `getPeer`, `transport.client`.
    public var peer: SocketAddress { carrier.peer ?? .unix(.unnamed) }
    /// This side's address. Twisted: `getHost`.
    public var host: SocketAddress { carrier.localAddress ?? .unix(.unnamed) }
    /// Whether nothing has ended the connection yet.
    public var isConnected: Bool { !state.contains(.isOver) }
    /// Whether it is to end as soon as everything is sent. Twisted: `disconnecting`.
    public var isDisconnecting: Bool { !state.isDisjoint(with: [.isDisconnecting, .isOver]) || extras?.end != nil }
    /// Whether the protocol has asked for a pause.
    public var isPaused: Bool { state.contains(.isPaused) }
    /// How many bytes were written and have not been taken by the system. asyncio: `get_write_buffer_size`.
    public var bufferedCount: Int { output?.count ?? 0 }
    /// With how many of them reading stops, and goes on. asyncio: `get_write_buffer_limits`.
    public var writeBufferLimits: (high: Int, low: Int) { extras?.writeBufferLimits ?? Self.defaultWriteBufferLimits }

    // MARK: Beginning

    /// Tells the protocol of the connection, and begins to read.
    func begin() {
        loop.callbacks.enter(self)
        state.insert(.hasBegun)
        call { handler, transport in try handler.connectionMade(transport) }
        if loop.callbacks.life.isStopping { note(end: .stopped) }
        proceed()
    }

    /// Calls the protocol. What it throws ends the connection.
    @inline(__always)
    private func call(_ body: (inout any StreamProtocol, StreamTransport) throws -> Void) {
        state.insert(.inCallback)
        do { try body(&handler, self) } catch { note(end: .failed(error)) }
        state.remove(.inCallback)
    }

    /// Another protocol takes over, once the callback that is under way has returned: it hears that the connection is
    /// made. The old one hears nothing more.
    public func switchProtocol(to next: any StreamProtocol & Sendable) {
        let change: @Sendable () -> Void = { [self] in
            if state.contains(.isOver) { return }
            framing = nil
            handler = next
            call { handler, transport in try handler.connectionMade(transport) }
            proceed()
        }
        if loop.isCurrent { loop.callbacks.append(change) } else { loop.enqueue(change) }
    }

    // MARK: Reading

    /// Reads what there is, as long as somebody wants it, and waits for more.
    private func read() {
        while true {
            if state.contains(.hasResumed) { resume() }
            if !state.isDisjoint(with: .noReading) { return }
            do throws(SocketError) {
                switch try receive() {
                case .moved: settle()
                case .ended: noteEnd()
                case .wouldBlock: break
                }
                if state.isDisjoint(with: .noReading), let waiting = try carrier.waitToReceive() {
                    state.insert(.waitsToReceive)
                    waiting.observe(self, as: .receiving)
                }
            } catch {
                note(end: CloseReason(error))
                settle()
            }
        }
    }

    /// Whoever has kept bytes back hands them on first.
    private func resume() {
        if !state.isDisjoint(with: .noDelivery) { return }
        state.remove(.hasResumed)
        call { handler, transport in try handler.readingResumed(transport) }
        settle()
    }

    private func noteEnd() {
        state.insert(.hasEnded)
        call { handler, transport in try handler.readConnectionLost(transport) }
        settle()
    }

    /// One attempt, and the protocol's answer to what it brought.
    @inline(__always)
    private func receive() throws(SocketError) -> TransferAttempt {
        let memory = unsafe loop.buffers.take()
        defer { unsafe loop.buffers.giveBack(memory) }
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let attempt = try carrier.receiveNow(into: &output)
        let count = unsafe output.finalize(for: memory)
        if count > 0 {
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory[..<count]).bytes
            if let extras { extras.note(received: bytes, self) }
            call { handler, transport in try handler.dataReceived(bytes, transport) }
        }
        return attempt
    }

    // MARK: Writing

    /// Sends bytes, behind everything that was written before. They are taken now and go when they can; how many wait
    /// is ``bufferedCount``. After ``loseConnection()`` they are thrown away, unless a producer is registered.
    public func write(_ bytes: RawSpan) {
        if !loop.isCurrent { return writeElsewhere(bytes.copied) }
        if bytes.isEmpty || !mayWrite { return }
        extras?.note(written: bytes, self)
        if output == nil, bytes.byteCount >= Self.worthItsOwnCall, extras?.writeRate == nil {
            writeThrough(bytes)
        } else {
            append(bytes)
        }
    }

    /// Sends the bytes of an array; see ``write(_:)-(RawSpan)``.
    public func write(_ bytes: [UInt8]) { write(unsafe bytes.span.bytes) }

    /// Sends text as UTF-8; see ``write(_:)-(RawSpan)``.
    public func write(_ text: String) { write(unsafe text.utf8.span.bytes) }

    /// Sends pieces, one behind the other. Twisted: `writeSequence`.
    public func writeSequence(_ pieces: [[UInt8]]) {
        if !loop.isCurrent { return writeElsewhere(Array(pieces.joined())) }
        for piece in pieces { write(piece) }
    }

    /// What is longer is not copied where it can be sent at once.
    private static let worthItsOwnCall = 8192

    private func writeElsewhere(_ bytes: [UInt8]) { loop.enqueue { [self] in write(bytes) } }

    private var mayWrite: Bool {
        if !state.isDisjoint(with: [.isOver, .wantsShutdown, .hasShutDown]) || extras?.end != nil { return false }
        // What a producer has begun it may finish: until then the connection is not closed.
        return !state.contains(.isDisconnecting) || hasProducer
    }

    // Never inlined: it is asked at the end alone, and would make each write larger.
    @inline(never)
    private var hasProducer: Bool { extras.map { $0.producer != nil || !$0.turns.isEmpty } ?? false }

    private func writeThrough(_ bytes: RawSpan) {
        var sent = 0
        do throws(SocketError) {
            while sent < bytes.byteCount {
                guard case .moved(let count) = try carrier.sendNow(bytes.extracting(droppingFirst: sent)) else { break }
                sent += count
            }
        } catch {
            return note(end: CloseReason(error))
        }
        if sent < bytes.byteCount { append(bytes.extracting(droppingFirst: sent)) }
    }

    private func append(_ bytes: RawSpan) {
        let queue: OutputQueue
        if let output {
            queue = output
        } else {
            queue = loop.callbacks.takeOutput()
            output = queue
        }
        queue.append(bytes)
        if queue.count > fullness { noteFull(queue) }
        if !state.contains(.inCallback) { needSettling() }
    }

    /// With more bytes than that something has to be done.
    private var fullness: Int {
        guard let extras else { return Self.highWaterMark }
        return min(extras.writeBufferLimits.high, extras.maximumBuffered)
    }

    /// The limits have changed.
    func applyWriteBufferLimits() {
        if let output, output.count > fullness { noteFull(output) }
        noteRoomIfThereIs()
        needSettling()
    }

    private func noteFull(_ queue: OutputQueue) {
        let limit = extras?.maximumBuffered ?? Self.defaultMaximumBuffered
        if queue.count > limit { return note(end: .overflowed(limit)) }
        if state.contains(.isFull) || queue.count <= writeBufferLimits.high { return }
        state.insert(.isFull)
        if case .push(let producer, false) = extras?.producer {
            extras?.producer = .push(producer, isPaused: true)
            producer.pauseProducing()
        }
    }

    /// Sends what can be sent. Called while the protocol is not.
    private func flush() throws(SocketError) {
        guard let queue = output else { return }
        while state.isDisjoint(with: [.waitsToSend, .isWriteHeld]), !queue.isEmpty {
            let allowance = extras?.writeAllowance(self) ?? .max
            if allowance == 0 { break }
            if case .moved(let count) = try queue.send(on: carrier, atMost: allowance) {
                extras?.note(sent: count, self)
            }
            if !queue.isEmpty, let waiting = try carrier.waitToSend() {
                state.insert(.waitsToSend)
                waiting.observe(self, as: .sending)
            }
        }
        if queue.isEmpty {
            output = nil
            loop.callbacks.giveBack(queue)
        }
        noteRoomIfThereIs()
    }

    private func noteRoomIfThereIs() {
        if !state.contains(.isFull) || bufferedCount > writeBufferLimits.low { return }
        state.remove(.isFull)
        state.insert(.hasResumed)
        if case .push(let producer, true) = extras?.producer {
            extras?.producer = .push(producer, isPaused: false)
            producer.resumeProducing()
        }
    }

    // MARK: Settling

    /// Does what the calls so far have asked for: sends, ends a direction, ends the connection. Called while the
    /// protocol is not.
    @inline(__always)
    private func settle() {
        if output == nil && extras == nil && state.isDisjoint(with: [.isDisconnecting, .wantsShutdown, .isOver]) {
            return
        }
        settleInFull()
    }

    private func settleInFull() {
        if state.contains(.isOver) { return }
        do throws(SocketError) { if extras?.end == nil { try flush() } } catch { note(end: CloseReason(error)) }
        if let end = extras?.end { return finish(end) }
        if output != nil {
            if state.contains(.isDisconnecting) { ownExtras.armLinger(of: self) }
            return
        }
        if let producer = extras?.producer {
            if case .pull(let producer, false) = producer { ask(producer) }
            return
        }
        if state.contains(.isDisconnecting) { return finish(.done) }
        if state.contains(.wantsShutdown) { shutDown() }
        if state.isSuperset(of: [.hasShutDown, .hasEnded]) { finish(.done) }
    }

    private func shutDown() {
        state.remove(.wantsShutdown)
        if state.contains(.hasShutDown) { return }
        state.insert(.hasShutDown)
        do throws(SocketError) { try carrier.shutdownSending() } catch { return finish(CloseReason(error)) }
        call { handler, transport in try handler.writeConnectionLost(transport) }
        settle()
    }

    /// A pull producer gives its next piece when the last one is sent; never from within a call of its own.
    private func ask(_ producer: any PullProducer) {
        extras?.producer = .pull(producer, isAsked: true)
        loop.callbacks.append { [self] in
            guard case .pull(let current, true) = extras?.producer, current === producer else { return }
            producer.resumeProducing()
            needSettling()
        }
    }

    /// Settles, and reads on.
    private func proceed() {
        settle()
        read()
    }

    /// Something was asked for from outside of the protocol's calls.
    func needSettling() {
        if state.contains(.isUnsettled) || !state.contains(.hasBegun) { return }
        state.insert(.isUnsettled)
        loop.callbacks.append(self)
    }

    func settleLater() {
        state.remove(.isUnsettled)
        if state.contains(.isOver) { return }
        proceed()
    }

    func waitEnded(_ role: WaitRole, _ reason: SocketError.Reason?) {
        state.remove(role == .receiving ? .waitsToReceive : .waitsToSend)
        if state.contains(.isOver) { return }
        if let reason { note(end: CloseReason(SocketError(role == .receiving ? .receive : .send, reason))) }
        if role == .receiving && reason == nil && extras == nil { read() } else { proceed() }
    }

    /// The peer was silent for too long.
    func noteTimeout() {
        call { handler, transport in try handler.timeoutConnection(transport) }
        needSettling()
    }

    // MARK: Ending

    /// The connection is to end for this reason, whatever is still to be sent. The first reason counts.
    func note(end reason: CloseReason) {
        let extras = ownExtras
        if extras.end == nil { extras.end = reason }
        if !state.contains(.inCallback) { needSettling() }
    }

    private func finish(_ reason: CloseReason) {
        // Ending a direction may have been the end.
        if state.contains(.isOver) { return }
        state.insert(.isOver)
        output?.removeAll()
        if let output { loop.callbacks.giveBack(output) }
        output = nil
        if reason.isAbrupt { carrier.abort() } else { carrier.close() }
        loop.callbacks.leave(self)
        extras?.end(on: loop)
        call { handler, transport in handler.connectionLost(reason, transport) }
        owner.transportEnded(self, reason)
        framing = nil
        extras = nil
        // A protocol may have its transport, and a factory all of them: they would keep each other and the loop.
        handler = NoProtocol()
        owner = .nobody
    }

    /// Changes the state and has the rest done when nothing is under way. Any thread may ask.
    func change(inserting added: State = [], removing removed: State = []) {
        if !loop.isCurrent { return loop.enqueue { [self] in change(inserting: added, removing: removed) } }
        if state.contains(.isOver) { return }
        state.formUnion(added)
        state.subtract(removed)
        if !state.contains(.inCallback) { needSettling() }
    }

    var ownExtras: TransportExtras {
        if let extras { return extras }
        let made = TransportExtras()
        extras = made
        return made
    }
}

/// Hears nothing: a connection that is over has no protocol.
private struct NoProtocol: StreamProtocol {}
