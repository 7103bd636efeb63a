// SPDX-License-Identifier: Apache-2.0
//
// Facts:    files, name look-ups and much of the C library block and can't be interrupted.
// Decision: a bounded set of threads, started as they are needed, that end when they are idle; and a bounded queue
//           before them, which refuses at once instead of letting everybody wait for ever. The waiting task wakes by
//           deadline or cancellation without its answer: work that nobody waits for any more is taken out of the queue,
//           or if it runs already, ends by itself and its answer is dropped. Whatever it touches it owns (law 5).
// Cost:     work that was given up keeps its thread until the system lets go of it.
import Sockets
import Synchronization

/// Threads for calls that block, so that no loop has to. Python: `run_in_executor`.
///
/// ```swift
/// let digest = try await loop.world.blocking.run { digest(ofFile: "/var/backups/all.tar") }
/// ```
public final class BlockingPool: Sendable {
    /// Whether everything runs where it is called.
    private let isInline: Bool
    /// How many calls may wait for a thread.
    public let maximumQueued: Int
    /// How long a thread waits for work before it ends.
    public let idleLimit: Duration

    private struct State {
        var maximumThreads: Int
        var queue = CallQueue()
        /// Those that may take calls: one that was dismissed counts no more, though it may not know that yet.
        var threads = 0
        var idle = 0
        var dismissed = 0
    }

    private let monitor: Monitor<State>
    private let start: ThreadStart

    /// A pool; it starts no thread before there is work.
    ///
    /// - Precondition: there is a thread at least, and no bound is negative.
    public convenience init(
        maximumThreads: Int = 8, maximumQueued: Int = 1024, idleLimit: Duration = .seconds(10)
    ) {
        precondition(maximumThreads >= 1 && maximumQueued >= 0, "a pool needs a thread, and a queue of 0 or more")
        self.init(threads: maximumThreads, queued: maximumQueued, idleLimit: idleLimit)
    }

    /// How a thread is had: a test's may be none.
    typealias ThreadStart = @Sendable (@escaping @Sendable () -> Void) throws(Errno) -> Void

    init(
        threads: Int, queued: Int, idleLimit: Duration,
        start: @escaping ThreadStart = { body throws(Errno) in try Thread.start(body) }
    ) {
        isInline = threads == 0
        monitor = Monitor(State(maximumThreads: threads))
        self.start = start
        maximumQueued = queued
        self.idleLimit = idleLimit
    }

    /// The pool of the process.
    public static let shared = BlockingPool()

    /// Runs everything at once where it is called: for simulations, in which nothing blocks and every run is the same.
    public static let inline = BlockingPool(threads: 0, queued: 0, idleLimit: .zero)

    /// The most threads at a time; 0 for a pool that runs everything where it is called.
    public var maximumThreads: Int { monitor.withLock { $0.maximumThreads } }

    /// Changes ``maximumThreads``: more begin with what waits at once, and those that are too many end, with the call
    /// that they are at if there is one. Nothing changes for a pool that runs everything where it is called.
    ///
    /// - Precondition: there is a thread at least.
    public func setMaximumThreads(_ maximum: Int) {
        precondition(maximum >= 1, "a pool needs a thread")
        if isInline { return }
        monitor.withLock { state in
            state.maximumThreads = maximum
            let surplus = max(0, min(state.idle, state.threads - maximum))
            state.threads -= surplus
            state.idle -= surplus
            state.dismissed += surplus
            while needsThread(state), (try? startThread(&state)) != nil {}
        }
        monitor.notifyAll()
    }

    /// How many threads there are, how many of them have nothing to do, and how many calls wait for one.
    public var load: (threads: Int, idle: Int, queued: Int) {
        monitor.withLock { ($0.threads, $0.idle, $0.queue.count) }
    }

    /// Runs `work` on a thread of the pool, and returns what it returns.
    ///
    /// A task's deadline (``withDeadline(_:_:)``) and its cancellation end the wait at once. Work that has not begun by
    /// then never begins; work that has ends by itself, and nobody hears of its answer.
    ///
    /// - Parameters:
    ///   - loop: the loop to wait on; the task's own, else one of the process's.
    ///   - deadline: when to give up, besides the task's own deadline.
    /// - Throws: what `work` throws; ``SocketError`` with `.limitReached` when the queue is full, `.timedOut`,
    ///   `.cancelled`, or `EAGAIN` when the system has no thread left.
    public nonisolated(nonsending) func run<Result: Sendable>(
        on loop: EventLoop? = nil, until deadline: LoopInstant = .never,
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await outcome(on: loop, until: deadline) { Swift.Result { try work() } }.get()
    }

    /// As ``run(on:until:_:)`` for work that does not throw: whatever is thrown is the pool's own.
    nonisolated(nonsending) func outcome<Result: Sendable>(
        on loop: EventLoop? = nil, until deadline: LoopInstant = .never, _ work: @escaping @Sendable () -> Result
    ) async throws(SocketError) -> Result {
        if isInline { return work() }
        let loop = try EventLoop.forCaller(loop, .run)
        if loop.isCurrent { return try await result(on: loop, until: deadline, work) }
        return try await loop.run(async: { [self] () async throws(SocketError) in
            try await result(on: loop, until: deadline, work)
        })
    }

    private nonisolated(nonsending) func result<Result: Sendable>(
        on loop: EventLoop, until deadline: LoopInstant, _ work: @escaping @Sendable () -> Result
    ) async throws(SocketError) -> Result {
        let answer = Answer<Result>()
        let waiting = Waiting(on: loop)
        let call = try submit(then: { waiting.wakeOnItsLoop() }) { answer.set(work()) }
        defer { waiting.disarm() }
        do throws(SocketError) { try await waiting.wait(.run, until: Deadline.earliest(deadline)) } catch {
            withdraw(call)
            throw error
        }
        guard let result = answer.take() else { throw SocketError(.run, .cancelled) }
        return result
    }

    /// As ``outcome(on:until:_:)`` for work that leaves something behind: once it has begun its answer is waited for
    /// and returned, whatever becomes of the task. Called on the loop.
    nonisolated(nonsending) func completion<Result: Sendable>(
        on loop: EventLoop, _ work: @escaping @Sendable () -> Result
    ) async throws(SocketError) -> Result {
        if isInline { return work() }
        let answer = Answer<Result>()
        let waiting = Waiting(on: loop)
        let call = try submit(then: { waiting.wakeOnItsLoop() }) { answer.set(work()) }
        defer { waiting.disarm() }
        do throws(SocketError) { try await waiting.wait(.run, until: Deadline.current) } catch {
            if withdraw(call) { throw error }
        }
        while true {
            if let result = answer.take() { return result }
            // As its owner, so that nothing but the answer ends the wait.
            try? await waiting.wait(.run, until: .never, owner: TaskIdentity.current) { nil }
        }
    }

    /// Hands work to a thread and returns at once: the number by which it can be taken out again. Any thread may call
    /// this.
    ///
    /// - Parameter tell: called after the work, when its thread is free for more: whoever hears of it finds room.
    /// - Throws: `.limitReached`; `EAGAIN` when the system has no thread left and the pool has none.
    @discardableResult
    func submit(
        then tell: @escaping @Sendable () -> Void = {}, _ work: @escaping @Sendable () -> Void
    ) throws(SocketError) -> UInt64 {
        if isInline {
            work()
            tell()
            return 0
        }
        let call = CallQueue.Call(work: work, tell: tell)
        let number = try monitor.withLock { state throws(SocketError) in
            let isFull = state.threads >= state.maximumThreads && state.queue.count >= maximumQueued + state.idle
            if isFull {
                throw SocketError(.run, .limitReached(maximumQueued), subject: "a call that waits for a thread")
            }
            let number = state.queue.add(call)
            if needsThread(state) { try startThread(&state, for: number) }
            return number
        }
        monitor.notify()
        return number
    }

    /// Takes work out of the queue, unless it has begun.
    ///
    /// - Returns: whether it had not, and never will.
    @discardableResult
    private func withdraw(_ number: UInt64) -> Bool {
        monitor.withLock { state in state.queue.remove(number) }
    }

    private func needsThread(_ state: State) -> Bool {
        state.queue.count > state.idle && state.threads < state.maximumThreads
    }

    /// Starts a thread for a call in the queue. While it is started nobody else is in here: a thread that is counted
    /// exists.
    ///
    /// - Throws: `EAGAIN`, when there is no other thread that would come to the call later; then it is in the queue no
    ///   more.
    private func startThread(_ state: inout State, for number: UInt64) throws(SocketError) {
        do throws(Errno) { try startThread(&state) } catch {
            if state.threads > 0 { return }
            _ = state.queue.remove(number)
            throw SocketError(.run, .system(error), subject: "a thread for calls that block")
        }
    }

    private func startThread(_ state: inout State) throws(Errno) {
        try start { [self] in serve() }
        state.threads += 1
        state.idle += 1
    }

    /// What a thread does, until it has been idle for too long, or is one too many.
    private func serve() {
        var isNeeded = true
        while isNeeded, let call = next() {
            call.work()
            isNeeded = becomeFree()
            call.tell()
        }
    }

    /// A thread has nothing to do: it is counted as idle, or if there are too many, not any more.
    ///
    /// - Returns: whether it is to go on.
    private func becomeFree() -> Bool {
        monitor.withLock { state in
            let isSurplus = state.threads > state.maximumThreads
            if isSurplus { state.threads -= 1 } else { state.idle += 1 }
            return !isSurplus
        }
    }

    /// What an idle thread does next; nil when it was dismissed or has been idle for too long, and is counted no more.
    private func next() -> CallQueue.Call? {
        let next: CallQueue.Call?? = monitor.wait(atMost: idleLimit) { state in
            if state.dismissed > 0 {
                state.dismissed -= 1
                return .some(nil)
            }
            guard let call = state.queue.takeFirst() else { return nil }
            state.idle -= 1
            return call
        } otherwise: { state in
            state.idle -= 1
            state.threads -= 1
        }
        return next ?? nil
    }

    /// What work came to, once it has.
    private final class Answer<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        func set(_ new: Value) { value.withLock { $0 = new } }
        func take() -> Value? { value.withLock { $0.take() } }
    }
}

/// Calls that wait for a thread, oldest first; any of them can be taken out at the same cost.
struct CallQueue {
    struct Call {
        let work: @Sendable () -> Void
        let tell: @Sendable () -> Void
    }

    private var waiting: [UInt64: Call] = [:]
    /// The numbers of those that wait are from here to `end`; where one is missing, it was taken out.
    private var begin: UInt64 = 0
    private var end: UInt64 = 0

    var count: Int { waiting.count }

    mutating func add(_ call: Call) -> UInt64 {
        defer { end += 1 }
        waiting[end] = call
        return end
    }

    /// Whether it was still there.
    mutating func remove(_ number: UInt64) -> Bool { waiting.removeValue(forKey: number) != nil }

    mutating func takeFirst() -> Call? {
        while begin < end {
            defer { begin += 1 }
            if let call = waiting.removeValue(forKey: begin) { return call }
        }
        return nil
    }
}
