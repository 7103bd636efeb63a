// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a loop that has nothing to do changes nothing by a turn, and tells its driver when its next timer is due.
// Decision: rounds. In each one the loops that have something to do take one turn: in the order in which they were
//           made, or, where there is a seed, in one that is drawn, some of them a round later. Then the clock goes on:
//           by the time that a turn takes while anybody has work, else straight to the next delivery or timer.
// Cost:     a loop that has nothing to do costs nothing: it is in no list.
import Reactor
import Sockets
import Synchronization

/// Turns the loops of a network and its clock. Touched by one thread at a time, but for ``admit(_:)`` and ``wake(_:)``.
final class Scheduler: @unchecked Sendable {
    private let clock: SimulatedClock
    private let settings: SimulatedNetwork.Settings
    /// Draws who comes first; nil where nothing is drawn.
    private var order: Chance?
    private var drivers: [MemoryDriver] = []
    private var lastNumber = 0
    /// Who has a turn in the next round.
    private var ready: [MemoryDriver] = []
    private var agenda = Agenda()
    /// What is to happen to the network.
    private var script = EventQueue()
    /// Faults that are drawn: they alone do not keep a run going.
    private var disturbances = EventQueue()
    private let inbox = Mutex(Inbox())
    /// Whether something is in it: looked at in each round, and the lock need not be.
    private let hasNews = Atomic(false)
    private let isRunning = Atomic(false)
    /// What the task of a host has thrown, until a run throws it.
    var failure: HostFailed?
    /// The first jobs that have left their world.
    private(set) var strays: [StrayJob] = []

    /// What other threads have brought.
    private struct Inbox {
        var newcomers: [MemoryDriver] = []
        var woken: [MemoryDriver] = []
        var sleeper: CheckedContinuation<Void, Never>?

        var isEmpty: Bool { newcomers.isEmpty && woken.isEmpty }
    }

    /// What a round came to.
    enum Progress {
        case goesOn
        /// Nothing happens before the limit.
        case limit
        /// Nothing happens ever.
        case stall
    }

    private static let mostStrays = 100
    /// Of the loops whose turn it would be, this part comes a round later, where it is drawn.
    private static let hesitation = 0.125

    init(_ clock: SimulatedClock, _ settings: SimulatedNetwork.Settings, order: Chance?) {
        self.clock = clock
        self.settings = settings
        self.order = order
    }

    // MARK: What others bring

    /// Takes a loop's driver in, at the next round. Any thread may call this.
    func admit(_ driver: MemoryDriver) {
        inbox.withLock { inbox in
            inbox.newcomers.append(driver)
            hasNews.store(true, ordering: .releasing)
        }
    }

    /// A loop has something to do, perhaps in the sleep of a network in which nothing can happen. Any thread may call
    /// this.
    func wake(_ driver: MemoryDriver) {
        let sleeper = inbox.withLock { inbox in
            inbox.woken.append(driver)
            hasNews.store(true, ordering: .releasing)
            return inbox.sleeper.take()
        }
        sleeper?.resume()
    }

    /// A loop has something to do at a time.
    func plan(_ driver: MemoryDriver, at time: LoopInstant) {
        if time < driver.planned && !isAtRest(driver) { agenda.move(driver, to: time) }
    }

    /// Something is to happen to the network.
    func plan(_ action: any Addressee, at time: LoopInstant, isDisturbance: Bool = false) {
        if isDisturbance { disturbances.post(action, at: time) } else { script.post(action, at: time) }
    }

    func note(_ stray: StrayJob) { if strays.count < Self.mostStrays { strays.append(stray) } }

    /// A host has crashed, is paused, or goes on.
    func reconsider(_ node: Node) {
        takeInbox()
        for driver in drivers where driver.node === node {
            if driver.isDead { driver.vanish() }
            if isAtRest(driver) { agenda.move(driver, to: .never) } else { list(driver) }
        }
    }

    func tearDown() {
        takeInbox()
        if EventLoop.running == nil { for driver in drivers { driver.retireLoop() } }
        // What they have brought each other in the end.
        takeInbox()
        for driver in drivers { driver.tearDown() }
        (drivers, ready, agenda, script, disturbances) = ([], [], Agenda(), EventQueue(), EventQueue())
    }

    // MARK: Runs

    func begin() {
        let wasRunning = isRunning.exchange(true, ordering: .acquiringAndReleasing)
        precondition(!wasRunning && EventLoop.running == nil, "the network is being run already")
        if settings.claimsProcess { Simulation.claimProcess() }
    }

    func finish() {
        if settings.claimsProcess { Simulation.releaseProcess() }
        isRunning.store(false, ordering: .releasing)
    }

    /// Whether somebody runs it.
    var isBusy: Bool { isRunning.load(ordering: .acquiring) }

    /// Who waits, the earliest first.
    var waits: [NetworkStalled.Wait] { drivers.flatMap(\.waits).sorted { $0.since < $1.since } }

    /// Waits until another thread brings something.
    nonisolated(nonsending) func sleep() async {
        await withCheckedContinuation { continuation in
            let hasWork = inbox.withLock { inbox in
                if inbox.isEmpty { inbox.sleeper = continuation }
                return !inbox.isEmpty
            }
            if hasWork { continuation.resume() }
        }
    }

    // MARK: Rounds

    /// Has whoever is due take a turn, and the clock go on, though never past the limit.
    func round(until limit: LoopInstant) -> Progress {
        takeInbox()
        let now = clock.now
        while let action = disturbances.takeDue(now) ?? script.takeDue(now) { action.arrive(at: now) }
        for driver in whoIsDue(now) { turn(driver) }
        let hasWork = !ready.isEmpty || hasNews.load(ordering: .acquiring)
        let upcoming = min(agenda.next, script.next)
        if !hasWork && upcoming == .never { return .stall }
        // A round takes time, even where what comes next takes none.
        let soonest = now.advanced(by: settings.turnTime)
        let next = hasWork ? soonest : max(soonest, min(upcoming, disturbances.next))
        if next > limit { return .limit }
        clock.advance(to: next)
        return .goesOn
    }

    private func takeInbox() {
        if !hasNews.load(ordering: .acquiring) { return }
        let (newcomers, woken) = inbox.withLock { inbox in
            let found = (inbox.newcomers, inbox.woken)
            if !inbox.newcomers.isEmpty { inbox.newcomers = [] }
            if !inbox.woken.isEmpty { inbox.woken.removeAll() }
            hasNews.store(false, ordering: .releasing)
            return found
        }
        for driver in newcomers { take(driver) }
        for driver in woken { list(driver) }
    }

    private func take(_ driver: MemoryDriver) {
        lastNumber += 1
        driver.number = lastNumber
        drivers.append(driver)
        if !driver.isDead && driver.node.door == nil { driver.node.door = driver }
        list(driver)
    }

    /// Whether its host is paused. What is left of an earlier life goes on all the same, to its end.
    private func isAtRest(_ driver: MemoryDriver) -> Bool { driver.node.isPaused && !driver.isDead }

    private func list(_ driver: MemoryDriver) {
        if driver.isListed || isAtRest(driver) { return }
        driver.isListed = true
        ready.append(driver)
    }

    private func whoIsDue(_ now: LoopInstant) -> [MemoryDriver] {
        while let driver = agenda.takeDue(now) { list(driver) }
        var due = ready
        ready.removeAll(keepingCapacity: true)
        for driver in due { driver.isListed = false }
        if due.count > 1 { due.sort { $0.number < $1.number } }
        order?.mix(&due)
        return due
    }

    /// Its loop is gone.
    private func remove(_ driver: MemoryDriver) {
        drivers.removeAll { $0 === driver }
        if driver.node.door === driver { driver.node.door = nil }
    }

    private func turn(_ driver: MemoryDriver) {
        if isAtRest(driver) { return }
        if order?.happens(Self.hesitation) == true { return list(driver) }
        if driver.turnIfDue() { list(driver) }
        agenda.move(driver, to: isAtRest(driver) ? .never : driver.nextEvent)
        if driver.isGone { remove(driver) }
    }
}
