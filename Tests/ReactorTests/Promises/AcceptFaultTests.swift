// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// P10: every error that accepting may meet, forced by a test that plays the kernel.
@Suite struct AcceptFaultTests {
    @Test func `the pause doubles from 50 ms to 800 ms, is news once, and is over after a calm second`() {
        var pause = AcceptPause()
        var now = LoopInstant(nanoseconds: 0)
        var ends = [pause.end(at: now)]
        var lengths: [Duration] = []
        var news: [Bool] = []
        for _ in 0..<7 {
            let (length, isNews) = pause.begin(at: now)
            lengths.append(length)
            news.append(isNews)
            now = now.advanced(by: length)
            // A client in between is not the end of it.
            ends.append(pause.end(at: now))
        }
        let calmAt = pause.calmAt
        #expect(lengths == [50, 100, 200, 400, 800, 800, 800].map { .milliseconds($0) })
        #expect(news == [true] + Array(repeating: false, count: 6))
        #expect(calmAt == now.advanced(by: .seconds(1)))
        ends.append(pause.end(at: now.advanced(by: .milliseconds(999))))
        #expect(!ends.contains(true))
        ends = [pause.end(at: calmAt), pause.end(at: calmAt.advanced(by: .seconds(1)))]
        #expect(ends == [true, false])
        let (length, isNews) = pause.begin(at: calmAt)
        #expect(length == .milliseconds(50) && isNews)
    }

    #if DEBUG
        /// What a server reported, in order.
        private final class News: Sendable {
            private let words = Mutex<[String]>([])

            func note(_ event: Server.Event) {
                words.withLock { words in
                    switch event {
                    case .acceptingPaused(let error): words.append("paused: \(error.reason)")
                    case .acceptingResumed: words.append("resumed")
                    case .handlerFailed(let error, _): words.append("failed: \(error)")
                    case .refused, .denied: words.append("refused")
                    case .accepted, .ended: break
                    }
                }
            }

            var all: [String] { words.withLock { $0 } }
        }

        private func withServer(
            _ plan: FaultPlan, _ body: (SocketAddress, News, Task<Void, any Error>) async throws -> Void
        ) async throws {
            let thread = try LoopThread()
            defer { thread.stop() }
            let news = News()
            let server = try await Server(
                on: "127.0.0.2:0", loop: thread.loop, report: { news.note($0) }, handler: { try await $0.echo() })
            let running = Task { try await FaultPlan.$current.withValue(plan) { try await server.run() } }
            try await body(try #require(server.addresses.first), news, running)
            server.drain()
            _ = await running.result
        }

        /// Whether a client is served; in a shortage some are thrown away instead, so that they know.
        private func isServed(_ address: SocketAddress) async throws -> Bool {
            do {
                return try await withConnection(to: address, timeout: .seconds(20)) { client in
                    try await client.send("x")
                    return try await client.receive(upTo: 1) == [0x78]
                }
            } catch let error as SocketError {
                if case .broken = error.reason { return false }
                throw error
            }
        }

        // Law 9, P10
        @Test(arguments: [Errno.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .noBufferSpace])
        func `P10: a shortage is told once, and its end once`(error: Errno) async throws {
            // The second of them costs a client its place, so that there are two attempts for three failures.
            let plan = FaultPlan.failing(.accept4, with: error, times: 2)
            try await withServer(plan) { address, news, _ in
                for _ in 0..<3 {
                    var answered = false
                    while !answered { answered = try await isServed(address) }
                }
                // On a busy machine the calm second may be over by now.
                try await until { news.all.count == 2 }
                #expect(news.all == ["paused: \(SocketError(.accept, error: error).reason)", "resumed"])
                #expect(plan.count(of: .accept4) < 20)
            }
        }

        // P10
        @Test(arguments: [
            Errno.connectionAbort, .protocolError, .interrupted, .networkDown, .noRouteToHost, .networkUnreachable,
            .hostIsDown, .protocolNotAvailable,
        ])
        func `P10: what went wrong with one client is no news, and the next one is served`(error: Errno) async throws {
            let plan = FaultPlan.failing(.accept4, with: error, times: 50)
            try await withServer(plan) { address, news, _ in
                for _ in 0..<3 {
                    let answered = try await isServed(address)
                    #expect(answered)
                }
                #expect(news.all == [])
                #expect(plan.count(of: .accept4) >= 50)
            }
        }

        // P10: anything else is no shortage: it is what `run` throws, not the end of the process
        @Test func `an error that will not pass ends the server with it`() async throws {
            try await withServer(.failing(.accept4, with: .invalidArgument)) { _, news, running in
                #expect(await reason { try await running.value } == .system(.invalidArgument))
                #expect(news.all == [])
            }
        }

        // Law 9: a shortage that does not end holds neither the stop nor the drain up, and burns nothing
        @Test(arguments: [true, false])
        func `a server is stopped in the middle of a shortage`(isCancelled: Bool) async throws {
            let plan = FaultPlan.failing(.accept4, with: .tooManyOpenFiles)
            let thread = try LoopThread()
            defer { thread.stop() }
            let news = News()
            let server = try await Server(
                on: "127.0.0.2:0", loop: thread.loop, report: { news.note($0) }, handler: { try await $0.echo() })
            let running = Task { try await FaultPlan.$current.withValue(plan) { try await server.run() } }
            try await until { news.all.count == 1 }
            if isCancelled { running.cancel() } else { server.drain() }
            #expect(await reason { try await running.value } == (isCancelled ? .cancelled : nil))
            #expect(plan.count(of: .accept4) < 40)
        }

        // Law 1
        @Test func `a server in a shortage that does not pass ends at its task's deadline`() async throws {
            let plan = FaultPlan.failing(.accept4, with: .tooManyOpenFiles, times: 1_000_000)
            let thread = try LoopThread()
            defer { thread.stop() }
            let server = try await Server(on: "127.0.0.2:0", loop: thread.loop) { _ in }
            let outcome = await reason {
                try await FaultPlan.$current.withValue(plan) {
                    try await withDeadline(.milliseconds(300)) { try await server.run() }
                }
            }
            #expect(outcome == .timedOut)
            #expect(plan.count(of: .accept4) < 20)
        }
    #endif

    // Law 8: whoever was accepted when the server was cancelled is handed over or let go, and nobody hangs
    @Test func `a client that comes while the server is cancelled has an answer or an end`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        var random = SeededGenerator(seed: 8)
        for _ in 0..<repetitions(100, soak: 10_000) {
            let server = try await Server(on: "127.0.0.2:0", loop: thread.loop) { try await $0.echo() }
            let running = Task { try await server.run() }
            let address = try #require(server.addresses.first)
            let clients = (0..<4).map { _ in
                Task {
                    await reason {
                        // On its own loop: another test may hold those of the process. And for long, since they may
                        // hold this test up too, before it comes to cancel its server.
                        try await withConnection(to: address, timeout: .seconds(200), on: thread.loop) { client in
                            client.readDeadline = client.loop.timeNow.advanced(by: .seconds(200))
                            while try await client.receive(upTo: 1) != nil {}
                        }
                    }
                }
            }
            for _ in 0..<random.next() % 30 { await Task.yield() }
            running.cancel()
            #expect(await reason { try await running.value } == .cancelled)
            #expect(server.connectionCount == 0)
            for client in clients {
                let end = await client.value
                #expect(end != .timedOut, "a client was left alone")
            }
        }
        // Nothing is left on the loop but those whom nobody closed.
        try await until {
            try await thread.loop.run { () throws(SocketError) in thread.loop.statistics.connections } == 0
        }
    }
}
