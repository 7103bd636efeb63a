// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a loop that has nothing to do changes nothing by a turn, and tells its driver when its next timer is due.
// Decision: rounds. In each one every loop that has something to do takes one turn, in the order in which the loops
//           were made; then the clock goes on: by the time that a turn takes while anybody has work, else straight to
//           the next delivery or timer.
// Cost:     a round looks at every loop.
import Reactor
import Sockets
import Synchronization

/// Turns the loops of a network and its clock. Touched by one thread at a time, but for ``admit(_:)`` and ``rouse()``.
final class Scheduler: @unchecked Sendable {
    private let clock: SimulatedClock
    private let turnTime: Duration
    private let claimsProcess: Bool
    private var drivers: [MemoryDriver] = []
    private let newcomers = Mutex<[MemoryDriver]>([])
    private let isRunning = Atomic(false)
    private let sleeper = Mutex<CheckedContinuation<Void, Never>?>(nil)

    /// What a round came to.
    private enum Progress {
        case goesOn
        /// Nothing happens before the limit.
        case limit
        /// Nothing happens ever.
        case stall
    }

    /// After so many rounds the thread is offered to others.
    private static let roundsInOneGo = 256

    init(_ clock: SimulatedClock, _ settings: MemoryNetwork.Settings) {
        self.clock = clock
        turnTime = settings.turnTime
        claimsProcess = settings.claimsProcess
    }

    /// Takes a loop's driver in, at the next round. Any thread may call this.
    func admit(_ driver: MemoryDriver) { newcomers.withLock { $0.append(driver) } }

    func tearDown() {
        for driver in drivers { driver.tearDown() }
        drivers = []
    }

    // MARK: Runs

    func step(until instant: LoopInstant) {
        begin()
        defer { finish() }
        while round(until: instant) == .goesOn {}
        if clock.now < instant { clock.advance(to: instant) }
    }

    func step(untilTrue condition: () -> Bool) throws(NetworkStalled) {
        begin()
        defer { finish() }
        while !condition() {
            if round(until: .never) == .stall && !condition() { throw stall }
        }
    }

    /// Goes on until the flag is set. At a stall `stop` is called, once, to have it set; what comes from other threads
    /// is waited for then.
    ///
    /// - Returns: the stall, if there was one.
    nonisolated(nonsending) func step(
        until end: Flag, atStall stop: () -> Void
    ) async -> NetworkStalled? {
        begin()
        defer { finish() }
        var found: NetworkStalled?
        var rounds = 0
        while !end.isSet {
            rounds += 1
            if rounds % Self.roundsInOneGo == 0 { await Task.yield() }
            if round(until: .never) != .stall || end.isSet { continue }
            if found == nil {
                found = stall
                stop()
            } else {
                await sleep()
            }
        }
        return found
    }

    private func begin() {
        let wasRunning = isRunning.exchange(true, ordering: .acquiringAndReleasing)
        precondition(!wasRunning && EventLoop.running == nil, "the network is being run already")
        if claimsProcess { Simulation.claimProcess() }
    }

    private func finish() {
        if claimsProcess { Simulation.releaseProcess() }
        isRunning.store(false, ordering: .releasing)
    }

    // MARK: Rounds

    private func round(until limit: LoopInstant) -> Progress {
        newcomers.withLock { newcomers in
            drivers.append(contentsOf: newcomers)
            newcomers.removeAll()
        }
        for driver in drivers { driver.turnIfDue() }
        let now = clock.now
        var hasWork = newcomers.withLock { !$0.isEmpty }
        var upcoming = LoopInstant.never
        for driver in drivers {
            let next = driver.nextEvent
            if driver.hasWork || next <= now { hasWork = true } else { upcoming = min(upcoming, next) }
        }
        let next = hasWork ? min(now.advanced(by: turnTime), upcoming) : upcoming
        if next > limit { return .limit }
        if next == .never { return .stall }
        clock.advance(to: next)
        return .goesOn
    }

    private var stall: NetworkStalled {
        let waits = drivers.flatMap(\.waits).sorted { $0.since < $1.since }
        return NetworkStalled(time: clock.now, waits: waits)
    }

    // MARK: Other threads

    /// Ends the sleep of a network in which nothing can happen. Any thread may call this.
    func rouse() { sleeper.withLock { $0.take() }?.resume() }

    private nonisolated(nonsending) func sleep() async {
        await withCheckedContinuation { continuation in
            sleeper.withLock { $0 = continuation }
            // Somebody may have come before there was anybody to rouse.
            if drivers.contains(where: \.hasWork) { rouse() }
        }
    }
}
