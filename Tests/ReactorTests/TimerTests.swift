// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

@Suite struct TimerTests {
    // A model: timers fire in the order of their times, whatever was armed, moved and cancelled before.
    @Test func `timers fire by their times after any sequence of arming, moving and cancelling`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var queue = TimerQueue()
            let timers = (0..<20).map { _ in LoopTimer { _ in } }
            var model: [Int: Int64] = [:]
            for _ in 0..<100 {
                let index = Int.random(in: 0..<20, using: &generator)
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    queue.cancel(timers[index])
                    model[index] = nil
                } else {
                    let time = Int64.random(in: 0..<1000, using: &generator)
                    queue.arm(timers[index], at: LoopInstant(nanoseconds: time))
                    model[index] = time
                }
            }
            #expect(queue.count == model.count)
            for now in stride(from: Int64(0), through: 1000, by: 50) {
                var fired: [Int] = []
                while let timer = queue.takeDue(LoopInstant(nanoseconds: now)) {
                    fired.append(timers.firstIndex { $0 === timer } ?? -1)
                }
                #expect(Set(fired) == Set(model.filter { $0.value <= now }.keys))
                for index in fired { model[index] = nil }
            }
            #expect(queue.count == 0)
        }
    }

    // B-AIO-11, B-TW-02 in part
    @Test(arguments: Ground.allCases)
    func `scheduled calls come in their order, and cancelled ones never`(ground: Ground) async throws {
        try await ground.run { loop in
            let loop = loop ?? EventLoopGroup.shared.next()
            let calls = Mutex<[Int]>([])
            loop.schedule(after: .milliseconds(20)) { calls.withLock { $0.append(2) } }
            loop.schedule(after: .milliseconds(10)) { calls.withLock { $0.append(1) } }
            loop.schedule(after: .milliseconds(5)) { calls.withLock { $0.append(0) } }.cancel()
            try await loop.sleep(for: .milliseconds(30))
            #expect(calls.withLock { $0 } == [1, 2])
        }
    }

    @Test func `a call that is cancelled before the loop has heard of it is never made`() async throws {
        try await withLoop { loop in
            let given = Mutex<ScheduledCall?>(nil)
            let isMade = Flag()
            let holding = Flag()
            let cancelled = Task(executorPreference: loop) {
                holding.set()
                // Within one turn, in which nothing of another thread's gets in.
                while given.withLock({ $0 }) == nil {}
                given.withLock { $0 }?.cancel()
            }
            try await until { holding.isSet }
            given.withLock { $0 = loop.schedule(after: .zero) { isMade.set() } }
            await cancelled.value
            try await loop.sleep(for: .milliseconds(5))
            #expect(!isMade.isSet)
        }
    }

    @Test(arguments: Ground.allCases)
    func `a sleep ends with its task's cancellation`(ground: Ground) async throws {
        try await ground.run { loop in
            let loop = loop ?? EventLoopGroup.shared.next()
            let sleeper = start { await reason { try await loop.sleep(for: .seconds(100)) } }
            sleeper.cancel()
            let outcome = try await sleeper.value
            #expect(outcome == .cancelled)
        }
    }

    @Test func `a loop says how long a task held it`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let reports = Mutex<[Duration]>([])
        try await thread.loop.run { () throws(SocketError) in
            thread.loop.slowTurn = (.milliseconds(5), { time in reports.withLock { $0.append(time) } })
        }
        try await thread.loop.run { () throws(SocketError) in
            let end = ContinuousClock.now + .milliseconds(10)
            while ContinuousClock.now < end {}
        }
        try await until { reports.withLock { !$0.isEmpty } }
        #expect(reports.withLock { $0[0] } >= .milliseconds(5))
    }

    @Test func `instants never overflow`() {
        let late = LoopInstant(nanoseconds: .max - 5)
        #expect(late.advanced(by: .seconds(Int64.max)) == .never)
        #expect(LoopInstant(nanoseconds: 5).advanced(by: .seconds(-100)) < LoopInstant(nanoseconds: 5))
        #expect(LoopInstant(nanoseconds: 7).duration(to: LoopInstant(nanoseconds: 5)) == .zero)
    }
}
