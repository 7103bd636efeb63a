// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import TestSupport
import Testing

// B-AIO-11: signal handlers
@Suite(.serialized, .blocking) struct SignalsTests {
    /// Real-time signals, which nothing else in this process uses.
    private let first = Signal(rawValue: 41)
    private let second = Signal(rawValue: 42)

    @Test(arguments: World.Mechanism.allCases)
    func `signals to the process arrive, whatever threads there are that block nothing`(mechanism: World.Mechanism)
        async throws
    {
        let gate = DispatchSemaphore(value: 0)
        let threads = (0..<4).map { _ in
            BlockingThread {
                try SystemCalls.setBlocked([])
                gate.wait()
            }
        }
        defer { for _ in threads { gate.signal() } }
        try await withLoop(mechanism) { loop in
            let signals = try await loop.signals([first, second]).makeAsyncIterator()
            for signal in [first, second, first] {
                kill(getpid(), signal.rawValue)
                var iterator = signals
                #expect(try await iterator.next() == signal)
            }
        }
    }

    @Test func `several listeners hear of their own signals`() async throws {
        try await withLoop { loop in
            let (first, second) = (first, second)
            async let one = loop.signals([first]).first { _ in true }
            async let two = loop.signals([second]).first { _ in true }
            try await until { try await loop.run { loop.watches.count == 2 } }
            kill(getpid(), second.rawValue)
            kill(getpid(), first.rawValue)
            #expect(try await one == first)
            #expect(try await two == second)
        }
    }

    @Test func `waiting for a signal heeds deadline and cancellation`() async throws {
        try await withLoop { loop in
            let signals = try await loop.signals([first])
            let outcome = await reason {
                try await withDeadline(.milliseconds(10)) { for try await _ in signals {} }
            }
            #expect(outcome == .timedOut)
            let task = Task { await reason { for try await _ in signals {} } }
            try await until { try await loop.run { !loop.watches.isEmpty } }
            task.cancel()
            #expect(await task.value == .cancelled)
        }
    }

    /// Seconds of the processor that the process's first thread has used: in these tests it sleeps all the time.
    private var timeOfMainThread: Double {
        get throws {
            let fields =
                try String(contentsOfFile: "/proc/self/task/\(getpid())/stat", encoding: .utf8)
                .split(separator: ")").last?.split(separator: " ").compactMap { Double($0) } ?? []
            // Behind the name only the state is no number.
            return (fields[10] + fields[11]) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }

    // Whoever asks for a signal and does not read it yet pays nothing for the wait
    @Test func `a signal that waits to be read burns no processor`() async throws {
        let third = Signal(rawValue: 43)
        try await withLoop { loop in
            var signals = try await loop.signals([third]).makeAsyncIterator()
            let before = try timeOfMainThread
            kill(getpid(), third.rawValue)
            // Processor time is a number over a period, and this is the period.
            try await loop.sleep(for: .milliseconds(500))
            let spent = try timeOfMainThread - before
            #expect(spent < 0.1, "of half a second")
            #expect(try await signals.next() == third)
        }
    }

    @Test func `a signal that nobody can catch is refused`() async throws {
        try await withLoop { loop in
            let outcome = await reason { _ = try await loop.signals([.kill]) }
            #expect(outcome == .system(.invalidArgument))
        }
    }
}
