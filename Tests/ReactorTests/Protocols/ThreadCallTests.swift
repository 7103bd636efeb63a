// SPDX-License-Identifier: Apache-2.0
import Foundation
import NetworkSimulator
import Reactor
import Sockets
import TestSupport
import Testing

/// Calls between a loop and other threads. B-TW-03
@Suite struct ThreadCallTests {
    @Test(arguments: Ground.loops)
    func `a call from another thread is made on the loop, in the order of asking`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            if ground == .memory {
                // Nothing but the loop's own thread may touch a network in memory.
                for number in 0..<3 { loop.callFromThread { recorder.note("\(number) \(loop.isCurrent)") } }
            } else {
                let thread = BlockingThread {
                    #expect(!loop.isCurrent)
                    for number in 0..<3 { loop.callFromThread { recorder.note("\(number) \(loop.isCurrent)") } }
                }
                try thread.join()
            }
            try await until(on: loop) { recorder.notes.count == 3 }
            #expect(recorder.notes == ["0 true", "1 true", "2 true"])
        }
    }

    @Test(arguments: Ground.loops)
    func `what blocks runs elsewhere, and its result comes back to the loop`(ground: Ground) async throws {
        try await withLoop(of: ground) { loop in
            let recorder = Recorder()
            try await loop.run { () throws(SocketError) in
                try loop.callInThread({ loop.isCurrent }) { recorder.note("\($0) \(loop.isCurrent)") }
            }
            try await until(on: loop) { recorder.notes.count == 1 }
            // In memory nothing blocks, and every run is the same: there it runs where it is called.
            #expect(recorder.notes == [ground == .memory ? "true true" : "false true"])
        }
    }

    /// Threads of a pool, each held until it is told to go on.
    private final class Held: Sendable {
        let goOn = DispatchSemaphore(value: 0)
        let begun = DispatchSemaphore(value: 0)

        func hold() {
            begun.signal()
            goOn.wait()
        }

        /// Whether so many more have begun.
        func hasBegun(_ count: Int) -> Bool {
            (0..<count).allSatisfy { _ in begun.wait(timeout: .now() + .seconds(20)) == .success }
        }
    }

    // A pool of one's own: that of the process is everybody's.
    @Test func `a pool that grows begins with what waits, and one that shrinks ends its threads`() throws {
        let pool = BlockingPool(maximumThreads: 1)
        let held = Held()
        let calls = (0..<6).map { _ in
            BlockingThread { try blockingRun(pool) { held.hold() } }
        }
        #expect(held.hasBegun(1))
        while pool.load.queued < 5 { sched_yield() }
        pool.setMaximumThreads(3)
        #expect(pool.maximumThreads == 3)
        #expect(held.hasBegun(2))
        #expect(pool.load.threads == 3 && pool.load.queued == 3)
        pool.setMaximumThreads(1)
        for _ in 0..<6 { held.goOn.signal() }
        for call in calls { try call.join() }
        let deadline = ContinuousClock.now + .seconds(20)
        while pool.load.threads > 1, ContinuousClock.now < deadline { sched_yield() }
        #expect(pool.load.threads == 1)
    }

    @Test func `in a simulation no size is taken`() async throws {
        try await withLoop(of: .memory) { loop in
            loop.suggestThreadPoolSize(20)
            #expect(loop.world.blocking.maximumThreads == 0)
        }
    }
}

/// Runs work on a pool from a thread that may block.
private func blockingRun(_ pool: BlockingPool, _ work: @escaping @Sendable () -> Void) throws {
    let loop = try EventLoop()
    try loop.runUntilComplete { try await pool.run(on: loop, work) }
}
