// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// How other tasks get onto the loop, and how they wait there.
extension EventLoop {
    /// Runs `body` on the loop and returns what it returns.
    ///
    /// - Throws: what `body` throws.
    public nonisolated(nonsending) func run<Result: Sendable>(
        _ body: @Sendable () throws(SocketError) -> Result
    ) async throws(SocketError) -> Result {
        if isCurrent { return try body() }
        return try await run(async: { () async throws(SocketError) in try body() })
    }

    /// Runs an asynchronous `body` with this loop as its task's executor.
    ///
    /// - Throws: what `body` throws.
    @concurrent public func run<Result: Sendable>(
        async body: @Sendable () async throws(SocketError) -> Result
    ) async throws(SocketError) -> Result {
        try await withTaskExecutorPreference(self) { () async throws(SocketError) in try await body() }
    }

    /// Waits. In a simulation this is the simulation's time.
    ///
    /// - Throws: `.cancelled`; `.timedOut` when the task's own deadline comes first.
    public nonisolated(nonsending) func sleep(for duration: Duration) async throws(SocketError) {
        if !isCurrent {
            return try await run(async: { [self] () async throws(SocketError) in try await sleep(for: duration) })
        }
        // Even one of no length lets others have their turn.
        if duration <= .zero { await Task.yield() }
        let wanted = world.now().advanced(by: duration)
        let waiting = Waiting(on: self)
        // Of a sleep that is cancelled no timer stays behind.
        defer { waiting.disarm() }
        do throws(SocketError) { try await waiting.wait(.wait, until: Deadline.earliest(wanted)) } catch {
            if error.reason != .timedOut || Deadline.current < wanted { throw error }
        }
    }

    /// What time it is in this loop's world. Any thread may ask.
    public var timeNow: LoopInstant { world.now() }

    /// Calls `action` on the loop once `delay` is over, unless it is cancelled before. Python: `call_later`.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> ScheduledCall {
        let call = ScheduledCall(on: self, action)
        perform { [self] in
            // A time that is past would come before all others, again and again.
            if !call.isCancelled { timers.arm(call.timer, at: world.now().advanced(by: max(.zero, delay))) }
        }
        return call
    }
}

/// A call that a loop will make. Twisted's `IDelayedCall`.
public final class ScheduledCall: @unchecked Sendable {
    let timer: LoopTimer
    /// Touched on the loop: it may hear of the end before it hears of the call.
    fileprivate var isCancelled = false
    private let loop: EventLoop

    init(on loop: EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.loop = loop
        timer = LoopTimer { _ in action() }
    }

    /// The call will not be made, if it has not been. Any thread may call this.
    public func cancel() {
        loop.perform { [self] in
            isCancelled = true
            loop.timers.cancel(timer)
        }
    }
}
