// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A call that a loop will make: Twisted's `IDelayedCall`. It is used on the loop, or before the loop runs.
public final class DelayedCall: @unchecked Sendable {
    private let loop: EventLoop
    private let action: @Sendable () -> Void
    private var timer: LoopTimer?
    /// Where it stands among the loop's calls; negative when it is not there.
    fileprivate var place = -1
    /// When the call is to be made. Twisted: `getTime`.
    public private(set) var time = LoopInstant.never

    init(on loop: EventLoop, _ action: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.action = action
    }

    /// Whether the call is still to be made. Twisted: `active`.
    public var isActive: Bool { place >= 0 }

    fileprivate func arm(at time: LoopInstant) {
        self.time = time
        let timer = timer ?? LoopTimer { [weak self] now in self?.timeIsUp(now) }
        self.timer = timer
        if place < 0 {
            place = loop.callbacks.delayedCalls.count
            loop.callbacks.delayedCalls.append(self)
        }
        loop.timers.arm(timer, at: time)
    }

    private func timeIsUp(_ now: LoopInstant) {
        leave()
        action()
    }

    private func leave() {
        guard place >= 0 else { return }
        let last = loop.callbacks.delayedCalls.removeLast()
        if last !== self {
            loop.callbacks.delayedCalls[place] = last
            last.place = place
        }
        place = -1
    }

    /// The call will not be made.
    ///
    /// - Returns: false where it was made or cancelled already (Twisted: `AlreadyCalled`, `AlreadyCancelled`).
    @discardableResult
    public func cancel() -> Bool {
        if !isActive { return false }
        if let timer { loop.timers.cancel(timer) }
        leave()
        return true
    }

    /// The call is made that much later than it would have been; earlier for what is negative.
    ///
    /// - Returns: as ``cancel()``.
    @discardableResult
    public func delay(_ duration: Duration) -> Bool {
        if !isActive { return false }
        arm(at: max(loop.timeNow, time.advanced(by: duration)))
        return true
    }

    /// The call is made so long from now.
    ///
    /// - Returns: as ``cancel()``.
    @discardableResult
    public func reset(_ duration: Duration) -> Bool {
        if !isActive { return false }
        arm(at: loop.timeNow.advanced(by: max(.zero, duration)))
        return true
    }
}

extension EventLoop {
    /// Calls `action` on the loop once `delay` is over. On the loop, or before it runs; from any thread there is
    /// ``schedule(after:_:)``. Twisted: `callLater`.
    ///
    /// - Parameter delay: what is negative counts as none.
    @discardableResult
    public func callLater(_ delay: Duration, _ action: @escaping @Sendable () -> Void) -> DelayedCall {
        precondition(isCurrent || !isTurnedByOthers, "callLater is called on the loop: elsewhere there is schedule")
        let call = DelayedCall(on: self, action)
        call.arm(at: timeNow.advanced(by: max(.zero, delay)))
        return call
    }

    /// The calls that are still to be made, the next one first. On the loop. Twisted: `getDelayedCalls`.
    public var delayedCalls: [DelayedCall] { callbacks.delayedCalls.sorted { $0.time < $1.time } }

    /// Calls `action` on the loop; any thread may call this. Twisted: `callFromThread`.
    public func callFromThread(_ action: @escaping @Sendable () -> Void) { enqueue(action) }

    /// How many threads there are for calls that block, at most: of the loop's world, whose loops share them. Any
    /// thread may call this. Twisted: `suggestThreadPoolSize`, 10 there.
    ///
    /// - Precondition: the size is positive.
    public func suggestThreadPoolSize(_ size: Int) { world.blocking.setMaximumThreads(size) }

    /// Calls `body` on a thread that may block, and `done` with its result on the loop. Twisted:
    /// `deferToThread`, `callInThread`.
    ///
    /// - Throws: `.limitReached` when too many wait for a thread already: then neither is called.
    public func callInThread<Result: Sendable>(
        _ body: @escaping @Sendable () -> Result, _ done: @escaping @Sendable (Result) -> Void
    ) throws(SocketError) {
        try world.blocking.submit { [self] in
            let result = body()
            enqueue { done(result) }
        }
    }
}
