// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// The phases of a turn, in their order. Nothing else makes a loop go.
extension EventLoop {
    /// Does what there is to do, then waits for the network until something happens, a timer is due or `deadline`
    /// comes, and wakes who waited for it.
    ///
    /// - Precondition: no other loop is in a turn on this thread.
    /// - Throws: what the system said of the wait; the loop is as it was before.
    public func turn(until deadline: LoopInstant = .never) throws(SocketError) {
        slot(set: true)
        defer { slot(set: false) }
        try work(until: deadline)
    }

    /// The same for a network that is in memory: `deliver` wakes whom it concerns that something has come, so that a
    /// turn that the network has caused does its work too.
    package func turn(after deliver: () -> Void) throws(SocketError) {
        slot(set: true)
        defer { slot(set: false) }
        now = world.now()
        deliver()
        try work(until: .never)
    }

    private func work(until deadline: LoopInstant) throws(SocketError) {
        let begin = world.now()
        now = begin
        takeInbox()
        callbacks.run()
        runJobs()
        fireTimers()
        callbacks.run()
        runJobs()
        measure(since: begin)
        try waitForNetwork(until: deadline)
        statistics.turns += 1
    }

    // Before each phase of tasks come callbacks: what has no task behind it (LoopCallbacks.swift).

    /// Phase 1: what other threads brought.
    private func takeInbox() {
        inbox.withLock { swap(&$0, &brought) }
        guard brought.isAnnounced else { return }
        for job in brought.jobs { jobs.append(job) }
        for action in brought.actions { action() }
        brought.clear()
    }

    /// Phases 2 and 4: tasks that can go on. One generation: what they make ready comes at the next call, so that the
    /// network is not starved by tasks that wake each other.
    private func runJobs() {
        if jobs.count > 0 { statistics.jobs += unsafe jobs.run(on: asUnownedTaskExecutor()) }
    }

    /// Phase 3: whose time has come. No more than were armed before: what they arm may be due at once.
    private func fireTimers() {
        for _ in 0..<timers.count {
            guard let timer = timers.takeDue(now) else { return }
            statistics.firedTimers += 1
            timer.fire(at: now)
        }
    }

    /// Phase 5: how long the loop was away from the network.
    private func measure(since begin: LoopInstant) {
        guard let slowTurn else { return }
        let spent = begin.duration(to: world.now())
        statistics.longestTurn = max(statistics.longestTurn, spent)
        if spent > slowTurn.limit { slowTurn.report(spent) }
    }

    /// Phase 6: the one wait of the turn, which does not wait when there is something to do.
    private func waitForNetwork(until deadline: LoopInstant) throws(SocketError) {
        let hasWork = jobs.count > 0 || callbacks.hasWork || inbox.withLock { $0.isAnnounced }
        let next = min(deadline, timers.next ?? .never)
        let timeout: Duration? = hasWork ? .zero : next == .never ? nil : world.now().duration(to: next)
        try driver.wait(timeout)
    }

    func slot(set isSet: Bool) {
        unsafe Self.current.value = isSet ? Unmanaged.passUnretained(self).toOpaque() : nil
    }
}
