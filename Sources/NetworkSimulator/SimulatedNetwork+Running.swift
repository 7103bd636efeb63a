// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// What makes a network go. One caller at a time.
extension SimulatedNetwork {
    /// The longest that a run lasts unless another time is given, on the network's clock.
    public static let longestRun = Duration.seconds(86_400)

    /// Runs `body` as a task of a host, and the whole network until it has ended.
    ///
    /// A task of `body` that leaves its loop and opens something without naming a loop gets an error, and never the
    /// real network; a detached task and a thread do so too while the network claims the process
    /// (``Settings/claimsProcess``).
    ///
    /// What happens on the network after `body` has ended happens at the next run.
    ///
    /// - Parameter limit: how long it may take at most, on the network's clock.
    /// - Throws: what `body` throws; ``HostFailed`` when the task of a host throws; ``NetworkStalled`` when `body`
    ///   waits for what can never come, or for too long: it is cancelled then, and has ended when this throws;
    ///   ``WorldLeft``.
    /// - Precondition: nobody else runs the network, and the caller is on no loop.
    public nonisolated(nonsending) func run<Result: Sendable>(
        on host: SimulatedHost, within limit: Duration = longestRun,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let end = Flag()
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(name: host.name, executorPreference: host.loop) {
                defer { end.set() }
                return try await Simulation.$world.withValue(host.world) { try await body() }
            }
            let failure = await step(until: end, by: now.advanced(by: limit)) { group.cancelAll() }
            guard let result = await group.nextResult() else { preconditionFailure("a task without an end") }
            if let failure { throw failure }
            return try result.get()
        }
    }

    /// Runs the network until its clock has gone on for this long, or nothing is left to happen. The clock is then as
    /// far on in either case.
    ///
    /// - Throws: ``HostFailed`` when the task of a host throws, at once; ``NetworkStalled`` when the task of a
    ///   ``client(_:at:behind:files:_:)`` has not come to its end; ``WorldLeft``.
    /// - Precondition: nobody else runs the network, and the caller is on no loop.
    public func run(for duration: Duration) throws {
        let end = now.advanced(by: duration)
        try stepping {
            while true {
                let progress = fabric.scheduler.round(until: end)
                try throwFailure()
                if progress == .goesOn { continue }
                let cause = progress == .stall ? NetworkStalled.Cause.nothingLeft : .timeIsUp
                if hosts.contains(where: { $0.isClient && !$0.hasEnded }) { throw stall(cause) }
                break
            }
            if now < end { fabric.clock.advance(to: end) }
        }
    }

    /// Runs the network until `condition` holds; it is asked after each round of turns.
    ///
    /// - Parameter limit: how long it may take at most, on the network's clock.
    /// - Throws: ``NetworkStalled`` when nothing is left to happen, or the time is up, and the condition does not hold;
    ///   ``HostFailed``, ``WorldLeft``.
    /// - Precondition: as ``run(for:)``.
    public func run(within limit: Duration = longestRun, until condition: () -> Bool) throws {
        let end = now.advanced(by: limit)
        try stepping {
            while !condition() {
                let progress = fabric.scheduler.round(until: end)
                try throwFailure()
                if progress != .goesOn && !condition() {
                    throw stall(progress == .stall ? .nothingLeft : .timeIsUp)
                }
            }
        }
    }

    /// The first jobs that have left their world, in the order in which they did: at most a hundred.
    public var strays: [StrayJob] { fabric.scheduler.strays }

    /// Ends the tasks of all hosts: asks them to, and goes on until they have ended or an hour is over on the network's
    /// clock. What is left then is left.
    func end() {
        let running = hosts.filter { !$0.hasEnded }
        if running.isEmpty || fabric.scheduler.isBusy || EventLoop.running != nil { return }
        for host in running { host.cancel() }
        fabric.scheduler.begin()
        defer { fabric.scheduler.finish() }
        let limit = now.advanced(by: .seconds(3600))
        for host in running where !host.node.isUp || host.node.isPaused { host.resume() }
        while running.contains(where: { $0.node.isUp && !$0.hasEnded }),
            fabric.scheduler.round(until: limit) == .goesOn
        {}
    }

    // MARK: Steps

    private func stepping(_ body: () throws -> Void) throws {
        fabric.scheduler.begin()
        defer { fabric.scheduler.finish() }
        let known = strays.count
        try body()
        if let left = left(since: known) { throw left }
    }

    private func left(since known: Int) -> WorldLeft? {
        let new = Array(strays.dropFirst(known))
        return new.isEmpty || seed == nil || fabric.settings.allowsStrays ? nil : WorldLeft(jobs: new)
    }

    private func throwFailure() throws(HostFailed) {
        guard let failure = fabric.scheduler.failure else { return }
        fabric.scheduler.failure = nil
        throw failure
    }

    private func stall(_ cause: NetworkStalled.Cause) -> NetworkStalled {
        NetworkStalled(
            cause: cause, time: now, waits: fabric.scheduler.waits,
            unfinished: hosts.filter { $0.isClient && !$0.hasEnded }.map(\.name), strays: strays, seed: seed)
    }

    /// After so many rounds the thread is offered to others.
    private static let roundsInOneGo = 256

    /// Goes on until the flag is set. When that can't be, `stop` is called, once, to have it set; what comes from other
    /// threads is waited for then.
    ///
    /// - Returns: why it can't be, if it can't.
    private nonisolated(nonsending) func step(
        until end: Flag, by limit: LoopInstant, _ stop: () -> Void
    ) async -> (any Error)? {
        let scheduler = fabric.scheduler
        scheduler.begin()
        defer { scheduler.finish() }
        let known = strays.count
        var found: (any Error)?
        var rounds = 0
        while !end.isSet {
            rounds += 1
            if rounds % Self.roundsInOneGo == 0 { await Task.yield() }
            let progress = scheduler.round(until: found == nil ? limit : .never)
            if end.isSet { break }
            if found == nil {
                do { try throwFailure() } catch { found = error }
                if found == nil && progress != .goesOn {
                    found = stall(progress == .stall ? .nothingLeft : .timeIsUp)
                }
                if found != nil { stop() }
            } else if progress == .stall {
                await scheduler.sleep()
            }
        }
        return found ?? left(since: known)
    }
}
