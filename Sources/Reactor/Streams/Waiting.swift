// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a wait can end for five reasons: readiness, a close, a cancelled owner, a cancelled task that is not the
//           owner (a child with `async let`), a deadline; several can happen before the task runs again.
// Decision: all of them happen on the loop, so that no lock is needed. A wait has a number: what comes from a task's
//           cancellation names the wait that it means, and finds nothing when that wait is over. The first reason
//           counts.
// Cost:     a cancellation from another thread is one entry in the loop's inbox.
import Sockets

/// Somewhere for one task at a time to wait on a loop. Touched by the loop's thread alone, but for ``wakeOnItsLoop()``.
@safe final class Waiting: @unchecked Sendable {
    /// Whether an attempt is worth its system call: what a transport remembers for each direction.
    var isReady = true

    /// The loop that the waits are on.
    var home: EventLoop
    private var continuation: UnsafeContinuation<Void, Never>?
    private var outcome: SocketError.Reason?
    /// It was woken before it waited.
    private var wasWoken = false
    private var number: UInt64 = 0
    private var cancelledNumber: UInt64 = 0
    private var deadline = LoopInstant.never
    private var timer: LoopTimer?

    init(home: EventLoop) { self.home = home }

    /// Whether a task waits here.
    var isBusy: Bool { unsafe continuation != nil }

    /// Ends the wait: nil for readiness, else why there is none. Nothing happens when nobody waits.
    func wake(_ reason: SocketError.Reason? = nil) {
        guard let waiter = unsafe continuation else { return }
        unsafe continuation = nil
        outcome = reason
        unsafe waiter.resume()
    }

    /// Ends the wait, or keeps the next one from beginning. Any thread may call this.
    func wakeOnItsLoop() {
        home.enqueue { [self] in if isBusy { wake() } else { wasWoken = true } }
    }

    /// Waits, in a task that is cancelled by itself.
    ///
    /// - Throws: `.cancelled`, `.timedOut`, or the reason of ``wake(_:)``.
    nonisolated(nonsending) func wait(
        _ operation: SocketError.Operation, until deadline: LoopInstant, _ subject: SocketAddress? = nil
    ) async throws(SocketError) {
        number &+= 1
        let number = number
        await withTaskCancellationHandler {
            await suspend(number, until: deadline)
        } onCancel: {
            home.perform { [self] in cancel(number) }
        }
        try check(operation, subject)
    }

    /// Waits, in a task whose cancellation somebody else turns into ``wake(_:)``: what a handler at every wait would
    /// cost is saved.
    ///
    /// - Throws: as ``wait(_:until:_:)``.
    nonisolated(nonsending) func waitAsOwner(
        _ operation: SocketError.Operation, until deadline: LoopInstant, _ subject: SocketAddress?
    ) async throws(SocketError) {
        number &+= 1
        await suspend(number, until: deadline)
        try check(operation, subject)
    }

    private nonisolated(nonsending) func suspend(_ number: UInt64, until deadline: LoopInstant) async {
        outcome = nil
        if wasWoken {
            wasWoken = false
            return
        }
        if cancelledNumber == number {
            outcome = .cancelled
            return
        }
        self.deadline = deadline
        if deadline != .never {
            if deadline <= home.now {
                outcome = .timedOut
                return
            }
            arm()
        }
        await unsafe withUnsafeContinuation { unsafe continuation = $0 }
    }

    /// Ends the wait with this number, or keeps it from beginning.
    private func cancel(_ number: UInt64) {
        cancelledNumber = number
        if self.number == number { wake(.cancelled) }
    }

    private func check(_ operation: SocketError.Operation, _ subject: SocketAddress?) throws(SocketError) {
        if let outcome { throw SocketError(operation, outcome, subject: subject.map { "\($0)" }) }
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
        guard isBusy else { return }
        if deadline <= now { wake(.timedOut) } else if deadline != .never { arm() }
    }

    /// Takes the timer out of the loop's queue.
    func disarm() {
        if let timer { home.timers.cancel(timer) }
    }
}
