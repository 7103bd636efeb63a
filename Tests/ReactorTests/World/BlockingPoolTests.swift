// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import Synchronization
import Testing

/// Something that blocks a thread until it is opened.
private final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let arrived = Atomic(0)

    var arrivals: Int { arrived.load(ordering: .relaxed) }

    func pass() {
        arrived.add(1, ordering: .relaxed)
        semaphore.wait()
        semaphore.signal()
    }

    func open() { semaphore.signal() }
}

/// How many were in the same place at a time.
private final class Crowd: Sendable {
    private struct State { var (now, most) = (0, 0) }

    private let state = Mutex(State())
    var most: Int { state.withLock { $0.most } }

    func enter() {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
    }

    func leave() { state.withLock { $0.now -= 1 } }
}

private final class Token: Sendable {}

/// Whether an object is still there.
private final class Held: Sendable {
    struct Reference { weak var object: Token? }
    let token = Mutex(Reference())
    var isAlive: Bool { token.withLock { $0.object != nil } }
}

// B-AIO-11: run_in_executor
@Suite struct BlockingPoolTests {
    @Test(arguments: World.Mechanism.allCases)
    func `work runs beside the loop, and its answer comes back to it`(mechanism: World.Mechanism) async throws {
        let pool = BlockingPool(maximumThreads: 2)
        try await withLoop(mechanism) { loop in
            try await loop.run(async: { () async throws(SocketError) in
                let wasOnLoop = try await pool.outcome { loop.isCurrent }
                #expect(!wasOnLoop)
                #expect(loop.isCurrent)
            })
            #expect(try await pool.run(on: loop) { 42 } == 42)
        }
        #expect(try await pool.run { "without a loop" } == "without a loop")
    }

    @Test func `what work throws is thrown`() async throws {
        struct Planned: Error, Equatable { var number = 3 }
        await #expect(throws: Planned()) { try await BlockingPool.shared.run { throw Planned() } }
    }

    @Test func `never more threads than the bound, and everybody gets an answer`() async throws {
        let pool = BlockingPool(maximumThreads: 3)
        let crowd = Crowd()
        let answers = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await pool.run {
                        crowd.enter()
                        usleep(100)
                        crowd.leave()
                        return number
                    }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(answers == Set(0..<200))
        #expect(crowd.most <= 3)
        #expect(pool.load.threads <= 3 && pool.load.queued == 0)
    }

    @Test func `a full queue refuses at once and says what its bound is`() async throws {
        let pool = BlockingPool(maximumThreads: 1, maximumQueued: 1)
        let gate = Gate()
        async let running: Void = pool.run { gate.pass() }
        try await until { gate.arrivals == 1 }
        async let queued = pool.run { 2 }
        try await until { pool.load.queued == 1 }
        let error = await #expect(throws: SocketError.self) { try await pool.run { 3 } }
        #expect(error?.reason == .limitReached(1))
        #expect(error.map { "\($0)" } == "run a call that waits for a thread: the limit of 1 is reached")
        gate.open()
        try await running
        #expect(try await queued == 2)
    }

    @Test func `a pool without a queue takes the next call as soon as it has answered`() async throws {
        let pool = BlockingPool(maximumThreads: 1, maximumQueued: 0)
        try await withLoop { loop in
            for number in 0..<2000 {
                let answer = try await pool.run(on: loop) { number }
                #expect(answer == number)
            }
        }
    }

    @Test func `work that is cancelled in the queue never begins`() async throws {
        let pool = BlockingPool(maximumThreads: 1)
        let (gate, other) = (Gate(), Gate())
        async let running: Void = pool.run { gate.pass() }
        try await until { gate.arrivals == 1 }
        let task = Task { await reason { try await pool.run { other.pass() } } }
        try await until { pool.load.queued == 1 }
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(pool.load.queued == 0)
        gate.open()
        try await running
        #expect(try await pool.run { 1 } == 1)
        #expect(other.arrivals == 0)
    }

    // Law 5
    @Test func `work that is given up while it runs keeps what it touches until it ends`() async throws {
        let pool = BlockingPool(maximumThreads: 1)
        let gate = Gate()
        let held = Held()
        do {
            let object = Token()
            held.token.withLock { $0.object = object }
            let task = Task {
                await reason {
                    try await pool.run { [object] in
                        gate.pass()
                        withExtendedLifetime(object) {}
                    }
                }
            }
            try await until { gate.arrivals == 1 }
            task.cancel()
            #expect(await task.value == .cancelled)
        }
        #expect(held.isAlive)
        gate.open()
        #expect(try await pool.run { 1 } == 1)
        try await until { !held.isAlive }
    }

    @Test func `a deadline ends the wait for a thread and for an answer`() async throws {
        let pool = BlockingPool(maximumThreads: 1)
        let gate = Gate()
        defer { gate.open() }
        func attempt() async -> SocketError.Reason? {
            await reason { try await withDeadline(.milliseconds(20)) { try await pool.run { gate.pass() } } }
        }
        // Where the machine is slow the thread comes too late for the first, which then never begins.
        repeat { #expect(await attempt() == .timedOut) } while gate.arrivals == 0
        #expect(await attempt() == .timedOut)
        #expect(gate.arrivals == 1)
        #expect(pool.load.queued == 0)
    }

    @Test func `idle threads end, and new ones begin`() async throws {
        let pool = BlockingPool(maximumThreads: 4, idleLimit: .milliseconds(1))
        for _ in 0..<3 {
            #expect(try await pool.run { true })
            try await until { pool.load.threads == 0 }
        }
        #expect(pool.load.idle == 0)
    }

    @Test func `threads that wait end when the maximum is lowered, and the rest do all that comes`() async throws {
        let pool = BlockingPool(maximumThreads: 4)
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await pool.run { gate.pass() } } }
            try await until { gate.arrivals == 4 }
            gate.open()
            try await group.waitForAll()
        }
        #expect(pool.load.idle == 4)
        pool.setMaximumThreads(1)
        #expect(pool.load == (threads: 1, idle: 1, queued: 0))
        let crowd = Crowd()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await pool.run {
                        crowd.enter()
                        usleep(100)
                        crowd.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(crowd.most == 1)
    }

    @Test func `a call for which the system has no thread is told so, or waits for one that there is`() async throws {
        let isPoor = Atomic(true)
        let pool = BlockingPool(threads: 2, queued: 4, idleLimit: .seconds(10)) { body throws(Errno) in
            if isPoor.load(ordering: .relaxed) { throw .resourceTemporarilyUnavailable }
            try Thread.start(body)
        }
        let error = await #expect(throws: SocketError.self) { try await pool.run { 1 } }
        #expect(error?.reason == .system(.resourceTemporarilyUnavailable))
        #expect(pool.load == (threads: 0, idle: 0, queued: 0))

        isPoor.store(false, ordering: .relaxed)
        let gate = Gate()
        async let running: Void = pool.run { gate.pass() }
        try await until { gate.arrivals == 1 }
        isPoor.store(true, ordering: .relaxed)
        async let queued = pool.run { 2 }
        try await until { pool.load.queued == 1 }
        pool.setMaximumThreads(8)
        #expect(pool.load == (threads: 1, idle: 0, queued: 1))
        gate.open()
        try await running
        #expect(try await queued == 2)
    }

    @Test func `a simulation's pool runs everything where it is called`() async throws {
        let pool = BlockingPool.inline
        try await withLoop { loop in
            try await loop.run(async: { () async throws(SocketError) in
                let wasOnLoop = try await pool.outcome { loop.isCurrent }
                #expect(wasOnLoop)
            })
        }
        #expect(pool.load.threads == 0)
    }
}
