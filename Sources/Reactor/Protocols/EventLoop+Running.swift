// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Twisted's reactor: a loop that a program runs on its own thread.
///
/// ```swift
/// let loop = try EventLoop()
/// try loop.listenTCP(1234, Factory(Logger.init))
/// try loop.run(stoppingAt: [.interrupt, .terminate])
/// ```
/// A loop of a ``LoopThread`` or of a simulation is turned by that: there the same calls are made from tasks on the
/// loop (``run(_:)``) or from callbacks.
extension EventLoop {
    /// Turns the loop on the caller's thread until it is stopped, and everything on it has ended.
    ///
    /// - Parameter signals: the signals that stop the loop (``stop(within:)``); no other thing happens to any signal.
    /// - Throws: ``SocketError/isOutOfResources`` and what else the system says of a wait.
    /// - Precondition: nobody else turns the loop, and the caller is on no loop.
    ///
    /// Twisted: `reactor.run`.
    public func run(stoppingAt signals: [Signal] = [], within limit: Duration = .zero) throws(SocketError) {
        precondition(!isTurnedByOthers, "this loop is turned already: by a thread of its own, or by a simulation")
        let life = callbacks.life
        life.stage = .running
        let watch = try watchSignals(signals) { [self] in stop(within: limit) }
        onThisThread { for phase in SystemEvent.Phase.allCases { life.fire(.startup, phase) } }
        defer { life.stage = .idle }
        while !life.isOver { try turn() }
        onThisThread { watch?.cancel() }
    }

    /// Does what there is to do now, and waits for `delay` at most for something to happen. Twisted: `iterate`.
    ///
    /// - Throws: as ``run(stoppingAt:within:)``.
    /// - Precondition: as ``run(stoppingAt:within:)``.
    public func iterate(_ delay: Duration = .zero) throws(SocketError) {
        precondition(!isTurnedByOthers, "this loop is turned already: by a thread of its own, or by a simulation")
        try turn(until: timeNow.advanced(by: delay))
    }

    /// Whether ``run(stoppingAt:within:)`` turns the loop and nothing has stopped it. On the loop.
    public var isRunning: Bool { callbacks.life.stage == .running }

    /// Ends what belongs to callbacks: ports stop listening, attempts are given up, connections end, and when all is
    /// gone ``run(stoppingAt:within:)`` returns. Any thread may call this, again and again.
    ///
    /// - Parameter limit: how long connections may take to send what was written; they then end with
    ///   ``CloseReason/stopped``.
    ///
    /// Twisted: `reactor.stop`.
    public func stop(within limit: Duration = .zero) {
        perform { [self] in callbacks.append { [self] in beginStop(within: limit) } }
    }

    /// Makes ``run(stoppingAt:within:)`` return at once: nobody is told, and everything stays as it is. Twisted:
    /// `reactor.crash`.
    public func crash() {
        perform { [self] in callbacks.life.stage = .over }
    }

    private func beginStop(within limit: Duration) {
        let life = callbacks.life
        if life.isStopping { return }
        let isOurs = life.stage == .running
        life.stage = .stopping
        life.fire(.shutdown, .before)
        for service in callbacks.services { service.end() }
        if limit > .zero {
            for transport in callbacks.transports { transport.loseConnection() }
            schedule(after: limit) { [self] in for transport in callbacks.transports { transport.end(.stopped) } }
        } else {
            for transport in callbacks.transports { transport.end(.stopped) }
        }
        life.fire(.shutdown, .during)
        callbacks.whenEmpty = {
            life.fire(.shutdown, .after)
            life.stage = isOurs ? .over : .idle
        }
    }

    // MARK: Calls

    /// Calls `action` when the loop runs: now if it does and the caller is on it. Twisted: `callWhenRunning`.
    public func callWhenRunning(_ action: @escaping @Sendable () -> Void) {
        if isCurrent { action() } else { enqueue(action) }
    }

    /// Has `action` called when `event` happens. On the loop, or before it runs. Twisted: `addSystemEventTrigger`.
    @discardableResult
    public func addSystemEventTrigger(
        _ phase: SystemEvent.Phase, _ event: SystemEvent, _ action: @escaping @Sendable () -> Void
    ) -> SystemEventTrigger {
        callbacks.life.add(phase, event, action)
    }

    /// Takes that back; nothing happens if it has been called. On the loop, or before it runs.
    public func removeSystemEventTrigger(_ trigger: SystemEventTrigger) { callbacks.life.remove(trigger) }

    /// Makes an event happen: every trigger is called, before, during and after. Any thread may call this.
    public func fireSystemEvent(_ event: SystemEvent) {
        if event == .shutdown { return stop() }
        perform { [self] in for phase in SystemEvent.Phase.allCases { callbacks.life.fire(event, phase) } }
    }

    // MARK: The loop's thread

    /// Runs `body` as if in a turn, for who sets a loop up before it runs.
    ///
    /// - Precondition: the caller is on the loop, or nobody else turns it.
    func enter<Result>(_ body: () throws(SocketError) -> Result) throws(SocketError) -> Result {
        if isCurrent { return try body() }
        precondition(!isTurnedByOthers, "a loop that is turned already is used from tasks on it: loop.run { … }")
        slot(set: true)
        defer { slot(set: false) }
        return try body()
    }

    private func onThisThread(_ body: () -> Void) {
        slot(set: true)
        defer { slot(set: false) }
        body()
    }

    private func watchSignals(
        _ signals: [Signal], _ action: @escaping @Sendable () -> Void
    ) throws(SocketError) -> DescriptorCallback? {
        if signals.isEmpty { return nil }
        do throws(Errno) {
            let source = SignalSource(try SignalDescriptor(SignalSet(signals)))
            for signal in signals { try SystemCalls.redirect(signal) }
            try SystemCalls.block(SignalSet(signals))
            let descriptor = FileDescriptor(rawValue: source.descriptor.number)
            let callback = DescriptorCallback(
                { if (try? source.descriptor.next()) != nil { action() } }, for: .readable, descriptor, on: self)
            do throws(SocketError) {
                try enter { () throws(SocketError) in
                    try listen(to: descriptor, for: .readable, .callback(callback))
                }
            } catch {
                throw .invalidArgument
            }
            return callback
        } catch {
            throw SocketError(.wait, error: error, subject: signals.map { "\($0)" }.joined(separator: ", "))
        }
    }
}

/// Keeps a descriptor for signals open for as long as a callback needs it.
private final class SignalSource: Sendable {
    let descriptor: SignalDescriptor
    init(_ descriptor: consuming SignalDescriptor) { self.descriptor = descriptor }
}
