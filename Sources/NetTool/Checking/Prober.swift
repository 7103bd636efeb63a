// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// Checks many targets at a time on one thread: connections are opened without blocking and waited for together. Only
/// the lookup of a name blocks.
struct Prober {
    /// How a target turned out.
    enum Outcome: Hashable {
        /// It answered, this long after the start.
        case open(after: Duration)
        /// The last attempt failed so, this long after the start.
        case closed(CheckFailure, after: Duration)
    }

    /// How long to try anew, and how often; nil for one attempt.
    struct Patience: Hashable {
        let limit: Duration
        let interval: Duration
    }

    /// How many attempts are under way at a time, at most.
    static let breadth = 64

    /// The same, once the system has turned out to have descriptors for fewer.
    private var breadth = Self.breadth
    private let attemptLimit: Duration
    private let patience: Patience?
    /// Once this descriptor is readable nothing more is wanted.
    private let stop: FileDescriptor?
    private let start = SystemClock.now
    private var runs: [Run]

    /// A target, and how far it is.
    private struct Run {
        let target: CheckTarget
        var due: Duration
        var attempt: ConnectionAttempt?
        var outcome: Outcome?

        var isWaiting: Bool { outcome == nil && attempt == nil }
    }

    init(_ targets: [CheckTarget], attemptLimit: Duration, patience: Patience? = nil, stop: HeldSignals? = nil) {
        self.attemptLimit = attemptLimit
        self.patience = patience
        self.stop = stop.map { FileDescriptor(rawValue: $0.number) }
        let start = start
        runs = targets.map { Run(target: $0, due: start) }
    }

    /// What is known so far, in the order of the targets.
    var outcomes: some Collection<Outcome?> { runs.lazy.map(\.outcome) }

    /// What is known of one target.
    subscript(index: Int) -> Outcome? { runs[index].outcome }

    /// Goes on until every target has an outcome, or a signal comes, or `isEnough` says so; it is asked each time that
    /// outcomes were added.
    ///
    /// - Throws: a failure of the waiting itself, and what `isEnough` throws.
    mutating func run(until isEnough: (Prober) throws(ToolFailure) -> Bool) throws(ToolFailure) {
        while !isStopped, runs.contains(where: { $0.outcome == nil }) {
            let before = runs.count { $0.outcome != nil }
            startWhatIsDue()
            if runs.count(where: { $0.outcome != nil }) == before { try waitForOne() }
            if runs.count(where: { $0.outcome != nil }) > before, try isEnough(self) { return }
        }
    }

    private var isStopped: Bool {
        stop.map { (try? SystemCalls.isReady($0.rawValue, for: .readable)) ?? false } ?? false
    }

    /// How many attempts are under way.
    private var underway: Int { runs.count { $0.attempt != nil } }

    private mutating func startWhatIsDue() {
        var room = breadth - underway
        for index in runs.indices where room > 0 && runs[index].isWaiting && runs[index].due <= SystemClock.now {
            // Each may take as long as a name server that does not answer.
            if isStopped { return }
            begin(index)
            room = min(room, breadth - underway)
        }
    }

    private mutating func begin(_ index: Int) {
        let target = runs[index].target
        do throws(ResolverError) {
            let addresses = try target.addresses()
            let now = SystemClock.now
            // The last attempt may go on for one interval after the time is up.
            let left = patience.map { max(start + $0.limit - now, $0.interval) } ?? attemptLimit
            let limit = min(attemptLimit, left)
            let attempt = ConnectionAttempt(addresses, kind: target.kind, within: limit, from: now)
            runs[index].attempt = attempt
            settle(index, attempt.start(at: now), begun: now)
        } catch {
            settle(index, .failed(CheckFailure(error)), begun: SystemClock.now)
        }
    }

    /// Waits for the first thing to happen, a deadline among them, and takes it up.
    private mutating func waitForOne() throws(ToolFailure) {
        var poll = Poll()
        if let stop { poll.register(stop, for: .input) }
        var earliest: Duration?
        let hasRoom = underway < breadth
        // What waits for room is not due before another attempt has ended.
        for run in runs where run.attempt != nil || hasRoom && run.isWaiting {
            if let attempt = run.attempt, let descriptor = attempt.descriptor {
                poll.register(descriptor, for: attempt.interest)
            }
            let next = run.attempt?.deadline ?? run.due
            earliest = min(earliest ?? next, next)
        }
        let ready: Set<FileDescriptor>
        do throws(SelectorError) {
            let wait = earliest.map { max(.zero, $0 - SystemClock.now) }
            ready = Set(try poll.wait(timeout: wait).map(\.descriptor))
        } catch {
            throw ToolFailure(.failure, "\(error)")
        }
        takeUp(ready)
    }

    private mutating func takeUp(_ ready: Set<FileDescriptor>) {
        let now = SystemClock.now
        for index in runs.indices {
            guard let attempt = runs[index].attempt else { continue }
            let isReady = attempt.descriptor.map(ready.contains) ?? true
            if isReady || attempt.deadline <= now { settle(index, attempt.proceed(at: now), begun: runs[index].due) }
        }
    }

    /// Notes what an attempt came to: an outcome, or another attempt later.
    private mutating func settle(
        _ index: Int, _ progress: ConnectionAttempt.Progress, begun: Duration
    ) {
        if progress == .pending { return }
        runs[index].attempt = nil
        if case .failed(.exhausted) = progress, underway > 0 {
            // As soon as one of the others has ended there is a descriptor again.
            breadth = underway
            return
        }
        let passed = SystemClock.now - start
        guard case .failed(let failure) = progress else {
            runs[index].outcome = .open(after: passed)
            return
        }
        if let patience, failure.mayPass, passed < patience.limit {
            // Counted from the attempt's beginning, so that a silent host is asked no more rarely than a refusing one.
            runs[index].due = min(begun + patience.interval, start + patience.limit)
        } else {
            runs[index].outcome = .closed(failure, after: passed)
        }
    }
}
