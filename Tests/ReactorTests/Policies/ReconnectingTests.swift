// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Synchronization
import Testing

// B-TW-13, B-TW-14: ReconnectingClientFactory, ClientService
@Suite struct ReconnectingTests {
    /// What was told, in order, with the second it was told at.
    private final class Story: Sendable {
        private let words = Mutex<[String]>([])
        let loop: EventLoop
        private let begin: LoopInstant

        init(on loop: EventLoop) {
            self.loop = loop
            begin = loop.timeNow
        }

        func tell(_ event: ReconnectionEvent) {
            let text =
                switch event {
                case .connected(_, let attempts): "connected after \(attempts)"
                case .waiting(let error, let pause):
                    "\((error as? SocketError).map { "\($0.reason)" } ?? "\(type(of: error))"), waits \(pause)"
                }
            let seconds = begin.duration(to: loop.timeNow).components.seconds
            words.withLock { $0.append("\(seconds) s: \(text)") }
        }

        var all: [String] { words.withLock { $0 } }
    }

    private func withHost(_ body: @escaping @Sendable (MemoryHost, Story) async throws -> Void) async throws {
        let network = MemoryNetwork()
        let host = try network.addHost("host")
        try await network.run(on: host) { try await body(host, Story(on: host.loop)) }
    }

    private static let steady = Backoff(initial: .seconds(1), factor: 2, jitter: 0, maximum: .seconds(8), retries: 6)

    @Test func `a server that is not there yet is asked again, later and later`() async throws {
        try await withHost { host, story in
            let server = start {
                try await host.loop.sleep(for: .seconds(10))
                let server = try await Server(on: ":7", loop: host.loop) { try await $0.echo() }
                host.loop.schedule(after: .seconds(60)) { server.drain() }
                try await server.run()
            }
            let answer = try await withReconnection(to: ":7", backoff: Self.steady, report: { story.tell($0) }) {
                try await $0.send("hello")
                return try await $0.read(exactly: 5)
            }
            #expect(answer == Array("hello".utf8))
            #expect(
                story.all.map { $0.replacing("system(ECONNREFUSED)", with: "refused") }.last
                    == "15 s: connected after 5")
            #expect(
                story.all.map { $0.split(separator: " ").last }.dropLast() == [
                    "seconds", "seconds", "seconds", "seconds",
                ])
            try await server.value
        }
    }

    @Test func `when no retry is left the last failure is thrown`() async throws {
        try await withHost { host, story in
            let backoff = Backoff(initial: .seconds(1), factor: 1, jitter: 0, retries: 3)
            let begin = host.loop.timeNow
            let error = await #expect(throws: SocketError.self) {
                try await withReconnection(to: ":7", backoff: backoff, report: { story.tell($0) }) { _ in }
            }
            #expect(error?.isConnectionRefused == true)
            #expect(story.all.count == 3)
            #expect(begin.duration(to: host.loop.timeNow) < .seconds(4))
        }
    }

    @Test func `a connection that breaks is made again, and one that lasted begins the waits anew`() async throws {
        try await withHost { host, story in
            let visits = Atomic(0)
            let server = try await Server(on: ":7", loop: host.loop) { connection in
                let visit = visits.add(1, ordering: .relaxed).newValue
                // The third visitor stays for a while.
                if visit == 3 { try await host.loop.sleep(for: .seconds(30)) }
                if visit < 5 { connection.abort() } else { try await connection.send("x") }
            }
            let running = start { try await server.run() }
            try await withReconnection(to: ":7", backoff: Self.steady, report: { story.tell($0) }) { connection in
                if try await connection.receive() == nil { throw Reconnect() }
            }
            let waits = story.all.filter { $0.contains("waits") }.compactMap { $0.split(separator: "waits ").last }
            #expect(waits == ["1.0 seconds", "2.0 seconds", "1.0 seconds", "2.0 seconds"])
            #expect(visits.load(ordering: .relaxed) == 5)
            server.drain()
            try await running.value
        }
    }

    @Test func `the body may ask for a new connection, and every other error of its own is the end`() async throws {
        struct Enough: Error {}
        try await withHost { host, story in
            let server = try await Server(on: ":7", loop: host.loop) { _ in }
            let running = start { try await server.run() }
            let runs = Atomic(0)
            await #expect(throws: Enough.self) {
                try await withReconnection(to: ":7", backoff: Self.steady, report: { story.tell($0) }) { connection in
                    #expect(try await connection.receive() == nil)
                    if runs.add(1, ordering: .relaxed).newValue == 3 { throw Enough() }
                    throw Reconnect()
                }
            }
            #expect(story.all.filter { $0.contains("Reconnect") }.count == 2)
            server.drain()
            try await running.value
        }
    }

    @Test func `an address that is none, a cancelled task and its deadline are not tried again`() async throws {
        try await withHost { host, story in
            let bad = await reason { try await withReconnection(to: "no port", report: { story.tell($0) }) { _ in } }
            #expect(bad != nil)
            #expect(story.all.isEmpty)
            let late = await reason {
                try await withDeadline(.milliseconds(2500)) {
                    try await withReconnection(to: ":7", backoff: Self.steady, report: { story.tell($0) }) { _ in }
                }
            }
            #expect(late == .timedOut)
            #expect(story.all.count == 2)
            let task = start {
                await reason { try await withReconnection(to: ":7", backoff: Self.steady) { _ in } }
            }
            try await host.loop.sleep(for: .milliseconds(500))
            task.cancel()
            #expect(try await task.value == .cancelled)
        }
    }

    @Test func `the same seed waits as long, to the nanosecond`() async throws {
        @Sendable func tell() async throws -> [String] {
            let told = Mutex<[String]>([])
            try await withHost { _, _ in
                _ = await reason {
                    try await withReconnection(
                        to: ":7", backoff: Backoff(retries: 5),
                        report: { event in told.withLock { $0.append("\(event)") } }, { _ in })
                }
            }
            return told.withLock { $0 }
        }
        let first = try await tell()
        #expect(first.count == 5)
        #expect(try await tell() == first)
    }
}
