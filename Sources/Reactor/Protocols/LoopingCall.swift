// SPDX-License-Identifier: Apache-2.0

/// A call again and again, at the same distances from its beginning: Twisted's `task.LoopingCall`. What one call takes
/// too long does not move the next: one that would be late is left out, and does not make two.
///
/// ```swift
/// let tick = LoopingCall(on: loop) { print("another second") }
/// tick.start(.seconds(1))
/// ```
/// It is used on the loop, or before the loop runs, which keeps it for as long as it goes on.
public final class LoopingCall: @unchecked Sendable {
    private let loop: EventLoop
    private let action: @Sendable (Int) throws -> Void
    private var call: DelayedCall?
    private var begun = LoopInstant.never
    /// How many calls should have been made up to the last one that was.
    private var counted: Int64 = -1
    private var ended: (@Sendable ((any Error)?) -> Void)?

    /// The distance between two calls; nil before it was started.
    public private(set) var interval: Duration?
    /// Whether it goes on.
    public private(set) var isRunning = false

    /// A call; ``start(_:now:whenEnded:)`` starts it. What it throws ends it.
    public init(on loop: EventLoop, _ action: @escaping @Sendable () throws -> Void) {
        self.loop = loop
        self.action = { _ in try action() }
    }

    private init(on loop: EventLoop, counting action: @escaping @Sendable (Int) throws -> Void) {
        self.loop = loop
        self.action = action
    }

    /// A call that is told how many calls it stands for: 1, or more where some were left out.
    public static func withCount(
        on loop: EventLoop, _ action: @escaping @Sendable (Int) throws -> Void
    ) -> LoopingCall { LoopingCall(on: loop, counting: action) }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - interval: the distance between two calls. One of zero calls at every turn of the loop.
    ///   - now: whether the first call is made at once.
    ///   - whenEnded: called when it was stopped, with nil, or when it threw, with the error.
    /// - Precondition: it is not running, and `interval` is not negative.
    public func start(
        _ interval: Duration, now: Bool = true, whenEnded: (@Sendable ((any Error)?) -> Void)? = nil
    ) {
        precondition(!isRunning, "it runs already")
        precondition(interval >= .zero, "calls with \(interval) between them")
        self.interval = interval
        ended = whenEnded
        isRunning = true
        begun = loop.timeNow
        // The call at the beginning is number 0: due now, or left out on purpose.
        counted = now ? -1 : 0
        if now { make() } else { scheduleNext() }
    }

    /// Stops it. Nothing happens to one that is not running.
    public func stop() { end(nil) }

    /// Begins anew: the next call comes one interval from now. Nothing happens to one that is not running.
    public func reset() {
        guard isRunning else { return }
        call?.cancel()
        begun = loop.timeNow
        counted = 0
        scheduleNext()
    }

    private func end(_ error: (any Error)?) {
        if !isRunning { return }
        isRunning = false
        call?.cancel()
        call = nil
        let ended = ended
        self.ended = nil
        ended?(error)
    }

    /// How many intervals have passed since the beginning.
    private var position: Int64 {
        let length = interval?.wholeNanoseconds ?? 0
        if length <= 0 { return counted + 1 }
        return begun.duration(to: loop.timeNow).wholeNanoseconds / length
    }

    private func make() {
        let position = max(position, counted + 1)
        let count = position - counted
        counted = position
        do { try action(Int(count)) } catch { return end(error) }
        // The action may have stopped it, or started it anew.
        if isRunning && call?.isActive != true { scheduleNext() }
    }

    private func scheduleNext() {
        let length = interval?.wholeNanoseconds ?? 0
        let next = max(counted, position) + 1
        let (offset, overflow) = length.multipliedReportingOverflow(by: next)
        let due = overflow ? LoopInstant.never : begun.advanced(by: .nanoseconds(offset))
        call = loop.callLater(length <= 0 ? .zero : loop.timeNow.duration(to: due)) { [self] in make() }
    }
}
