// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a wait can end for five reasons: readiness, a close, a cancelled owner, a cancelled task that is not the
//           owner (a child with `async let`), a deadline; several can happen before the task runs again.
// Decision: all of them happen on the loop, so that no lock is needed. A wait has a number: what comes from a task's
//           cancellation names the wait that it means, and finds nothing when that wait is over. The first reason
//           counts.
// Hazard:   a task that is on the loop by its actor alone has turns of the loop between its steps. What wakes a wait
//           that is about to begin ends it before it has begun.
// Cost:     a cancellation from another thread is one entry in the loop's inbox.
public import Sockets

/// Who waits without a task: told on the loop, at its next turn, that a wait has ended. What wakes a waiter never runs
/// its code, so that no observer is called while it, or whoever woke it, is in the middle of something.
protocol WaitObserver: AnyObject {
    /// A wait is over, for readiness (nil) or for a reason; it may have ended early.
    func waitEnded(_ role: WaitRole, _ reason: SocketError.Reason?)
}

/// What an observer waits for.
enum WaitRole: UInt8 {
    case receiving, sending, connecting, accepting
}

/// Somewhere for one task, or one observer, at a time to wait on a loop: what a ``Transport`` has for each direction.
///
/// All of it is called on the loop, but for ``wakeOnItsLoop()``.
@safe public final class Waiting: @unchecked Sendable {
    /// The loop that the waits are on.
    private let home: EventLoop
    private var continuation: UnsafeContinuation<Void, Never>?
    private var outcome: SocketError.Reason?
    /// It was woken before it waited; for what reason is the outcome.
    private var wasWoken = false
    /// A task is about to wait.
    private var isExpected = false
    private var number: UInt64 = 0
    private var cancelledNumber: UInt64 = 0
    private var deadline = LoopInstant.never
    private var timer: LoopTimer?
    /// Who waits here in place of a task, until it has been told.
    private var observer: (any WaitObserver)?
    private var role = WaitRole.receiving
    /// It stands in the loop's queue of observers to be told.
    private var isQueued = false

    /// A place of a loop's.
    public init(on loop: EventLoop) { home = loop }

    /// Whether somebody waits here, or is about to.
    public var isBusy: Bool { hasWaiter || isExpected }

    private var hasWaiter: Bool { unsafe continuation != nil || observer != nil }

    /// Ends the wait: nil for readiness, else why there is none. Nothing happens when nobody waits.
    public func wake(_ reason: SocketError.Reason? = nil) {
        guard let waiter = unsafe continuation else { return isExpected ? noteEarly(reason) : wakeObserver(reason) }
        unsafe continuation = nil
        outcome = reason
        unsafe waiter.resume()
    }

    /// Ends a wait before it has begun.
    private func noteEarly(_ reason: SocketError.Reason?) {
        if wasWoken { return }
        wasWoken = true
        outcome = reason
    }

    /// Waits without a task. Nobody may wait here already.
    func observe(_ observer: any WaitObserver, as role: WaitRole) {
        self.observer = observer
        self.role = role
        if wasWoken {
            wasWoken = false
            wakeObserver(outcome)
        } else {
            outcome = nil
        }
    }

    private func wakeObserver(_ reason: SocketError.Reason?) {
        if observer == nil || isQueued { return }
        isQueued = true
        outcome = reason
        home.callbacks.append(self)
        // In memory a client's loop wakes whoever accepts on another one, on the same thread.
        if !home.isCurrent { home.driver.wake() }
    }

    /// Tells the observer, in the loop's turn.
    func tellObserver() {
        isQueued = false
        guard let observer else { return }
        self.observer = nil
        observer.waitEnded(role, outcome)
    }

    /// Ends the wait, or keeps the next one from beginning. Any thread may call this.
    package func wakeOnItsLoop() {
        home.enqueue { [self] in if isBusy { wake() } else { noteEarly(nil) } }
    }

    /// Waits, in a task that is cancelled by itself.
    ///
    /// - Throws: `.cancelled`, `.timedOut`, or the reason of ``wake(_:)``.
    package nonisolated(nonsending) func wait(
        _ operation: SocketError.Operation, until deadline: LoopInstant, _ subject: SocketAddress? = nil
    ) async throws(SocketError) {
        isExpected = true
        let outcome = await waitCancellably(until: deadline, isolation: #isolation)
        if let outcome { throw Self.error(operation, outcome, subject) }
    }

    /// A task that is on the loop by its actor alone would leave it in a closure that is not isolated as its caller.
    ///
    /// - Returns: why the wait ended; nil also where the next one has begun before its task could look.
    private func waitCancellably(
        until deadline: LoopInstant, isolation: isolated (any Actor)?
    ) async -> SocketError.Reason? {
        number &+= 1
        let number = number
        await withTaskCancellationHandler {
            _ = isolation
            isExpected = false
            if begin(until: deadline) { await suspend() }
        } onCancel: {
            home.perform { [self] in cancel(number) }
        }
        return self.number == number ? outcome : nil
    }

    /// Waits. A task whose cancellation somebody else turns into ``wake(_:)``, the owner, is spared what a handler at
    /// every wait would cost; any other, a child of it perhaps, can be cancelled alone.
    ///
    /// - Throws: as ``wait(_:until:_:)``.
    @inline(__always)
    nonisolated(nonsending) func wait(
        _ operation: SocketError.Operation, until deadline: LoopInstant, owner: TaskIdentity?,
        _ subject: () -> SocketAddress?
    ) async throws(SocketError) {
        guard let owner, owner == TaskIdentity.current else {
            return try await waitAsAnyTask(operation, until: deadline, subject)
        }
        number &+= 1
        if begin(until: deadline) { await suspend() }
        if outcome != nil { try fail(operation, subject) }
    }

    // What is not for every wait is never inlined: all that it needs for a moment would be in the frames of the task
    // that waits, and those are most of what an idle connection costs.

    @inline(never)
    private nonisolated(nonsending) func waitAsAnyTask(
        _ operation: SocketError.Operation, until deadline: LoopInstant, _ subject: () -> SocketAddress?
    ) async throws(SocketError) {
        try await wait(operation, until: deadline, subject())
    }

    @inline(never)
    private func fail(_ operation: SocketError.Operation, _ subject: () -> SocketAddress?) throws(SocketError) {
        if let outcome { throw Self.error(operation, outcome, subject()) }
    }

    /// Whether there is something to wait for: nothing has ended the wait before it began.
    @inline(__always)
    private func begin(until deadline: LoopInstant) -> Bool {
        assert(home.isCurrent, "a wait begins on its loop")
        if wasWoken || cancelledNumber == number || deadline != .never || Task.isCancelled {
            return beginSlowly(until: deadline)
        }
        outcome = nil
        self.deadline = deadline
        return true
    }

    @inline(never)
    private func beginSlowly(until deadline: LoopInstant) -> Bool {
        if wasWoken {
            wasWoken = false
            return false
        }
        outcome = nil
        // A task may have cancelled itself.
        if cancelledNumber == number || Task.isCancelled {
            outcome = .cancelled
            return false
        }
        self.deadline = deadline
        if deadline == .never { return true }
        if deadline <= home.now {
            outcome = .timedOut
            return false
        }
        arm()
        return true
    }

    /// The public function of this name without the underscore moves to the task's executor before it waits, which is
    /// where the task is: a lock in the runtime for each wait.
    @inline(__always)
    private nonisolated(nonsending) func suspend() async {
        await unsafe _unsafeInheritExecutor_withUnsafeContinuation { unsafe continuation = $0 }
    }

    /// Ends the wait with this number, or keeps it from beginning.
    private func cancel(_ number: UInt64) {
        cancelledNumber = number
        if self.number == number { wake(.cancelled) }
    }

    private static func error(
        _ operation: SocketError.Operation, _ outcome: SocketError.Reason, _ subject: SocketAddress?
    ) -> SocketError {
        SocketError(operation, outcome, subject: subject.map { "\($0)" })
    }

    /// The timer stays armed after the wait is over: the next one only moves it, which is nearly always to later.
    private func arm() {
        let timer: LoopTimer
        if let known = self.timer {
            timer = known
        } else {
            timer = LoopTimer { [weak self] now in self?.timeIsUp(now) }
            self.timer = timer
        }
        home.timers.arm(timer, at: deadline)
    }

    private func timeIsUp(_ now: LoopInstant) {
        guard hasWaiter else { return }
        if deadline <= now { wake(.timedOut) } else if deadline != .never { arm() }
    }

    /// Takes the wait's timer out of the loop's queue: nobody waits here any more.
    public func disarm() {
        if let timer { home.timers.cancel(timer) }
    }
}
