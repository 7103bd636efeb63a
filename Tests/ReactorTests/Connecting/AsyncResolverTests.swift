// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// A resolver that blocks its thread until the test lets it go on.
private final class StubbornResolver: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let questions = Mutex<[String]>([])

    /// The names that it was asked, in order.
    var asked: [String] { questions.withLock { $0 } }

    func pool(threads: Int = 2, waiting: Int = 10_000) -> ResolverPool {
        ResolverPool(
            maximumThreads: threads, maximumWaiting: waiting,
            addresses: { [self] (question) throws(ResolverError) in
                questions.withLock { $0.append(question.host ?? "") }
                gate.wait()
                let address = SocketAddress.loopback(7)
                return [Resolver.Answer(address: address, family: .ipv4, kind: .stream, protocolNumber: .tcp)]
            },
            name: { [self] (_, _) throws(ResolverError) in
                gate.wait()
                return ("slow.test", "echo")
            })
    }

    func answer(_ count: Int = 1) { for _ in 0..<count { gate.signal() } }
}

private func failure(_ body: () async throws(ResolverError) -> Void) async -> ResolverError.Reason? {
    do throws(ResolverError) {
        try await body()
        return nil
    } catch { return error.reason }
}

/// B-AIO-12: getaddrinfo and getnameinfo for tasks.
@Suite(.blocking) struct AsyncResolverTests {
    private func withPool(
        _ pool: ResolverPool, _ body: @Sendable (AsyncResolver, EventLoop) async throws -> Void
    ) async throws {
        let thread = try LoopThread(in: .real(names: pool))
        defer { thread.stop() }
        try await body(AsyncResolver(on: thread.loop), thread.loop)
        // B-AIO-12: no thread stays once there is nothing to ask.
        try await until { pool.load == (0, 0) }
    }

    @Test func `B-AIO-12: localhost is known to the system`() async throws {
        let found = try await AsyncResolver().addresses(of: "localhost", port: 80)
        #expect(found.allSatisfy { $0.ip?.isLoopback == true && $0.port == 80 })
        #expect(!found.isEmpty)
        let name = try await AsyncResolver().name(of: .loopback(80))
        #expect(name == (try Resolver.name(of: .loopback(80))))
        let unknown = await failure { () async throws(ResolverError) in
            _ = try await AsyncResolver().addresses(of: "no-such-host.invalid", port: 1)
        }
        #expect(unknown != nil)
    }

    @Test func `a resolver that blocks does not hold the loop`() async throws {
        let resolver = StubbornResolver()
        let pool = resolver.pool()
        try await withPool(pool) { async, loop in
            async let found = async.addresses(of: "slow.test", port: 7)
            try await until { resolver.asked == ["slow.test"] }
            try await loop.sleep(for: .milliseconds(1))
            resolver.answer()
            #expect(try await found == [.loopback(7)])
            async let name = async.name(of: .loopback(7))
            resolver.answer()
            #expect(try await name.host == "slow.test")
        }
    }

    @Test func `a question ends at its limit and by cancellation while the system is still asked`() async throws {
        let resolver = StubbornResolver()
        try await withPool(resolver.pool()) { async, loop in
            let late = await failure { () async throws(ResolverError) in
                _ = try await async.addresses(of: "a", port: 7, within: .milliseconds(50))
            }
            #expect(late == .timedOut)
            let task = Task {
                await failure { () async throws(ResolverError) in _ = try await async.addresses(of: "b", port: 7) }
            }
            // On a busy machine the first one's time is over before a thread has asked it.
            try await until { resolver.asked.last == "b" }
            task.cancel()
            #expect(await task.value == .cancelled)
            let connect = Task { await reason { try await withConnection(to: "c.test:7", on: loop) { _ in } } }
            connect.cancel()
            #expect(await connect.value == .cancelled)
            resolver.answer(4)
        }
    }

    @Test func `a cancelled question that was not asked yet never is`() async throws {
        let resolver = StubbornResolver()
        let pool = resolver.pool(threads: 1)
        try await withPool(pool) { async, _ in
            async let first = async.addresses(of: "first", port: 7)
            try await until { resolver.asked == ["first"] }
            let second = Task {
                await failure { () async throws(ResolverError) in _ = try await async.addresses(of: "second", port: 7) }
            }
            try await until { pool.load.waiting == 1 }
            async let third = async.addresses(of: "third", port: 7)
            try await until { pool.load.waiting == 2 }
            second.cancel()
            #expect(await second.value == .cancelled)
            #expect(pool.load == (1, 1))
            resolver.answer(2)
            #expect(try await first == [.loopback(7)])
            #expect(try await third == [.loopback(7)])
            #expect(resolver.asked == ["first", "third"])
        }
    }

    @Test func `what is over the queue's limit fails at once, and the others are answered`() async throws {
        let resolver = StubbornResolver()
        let pool = resolver.pool(threads: 4, waiting: 1000)
        try await withPool(pool) { async, _ in
            let outcomes = await withTaskGroup(of: ResolverError.Reason?.self) { group in
                for _ in 0..<10_000 {
                    group.addTask {
                        await failure { () async throws(ResolverError) in
                            _ = try await async.addresses(of: "x", port: 7, within: .seconds(60))
                        }
                    }
                }
                var refused = 0
                var answered = 0
                for await reason in group {
                    switch reason {
                    case .tooManyQuestions(1000): refused += 1
                    case nil: answered += 1
                    default: Issue.record("\(String(describing: reason))")
                    }
                    if refused == 8_996 && answered == 0 { resolver.answer(1004) }
                }
                return (refused, answered)
            }
            #expect(outcomes == (8_996, 1004))
            #expect(
                "\(ResolverError(.resolve, "x:7", .tooManyQuestions(1000)))"
                    == "resolve x:7: 1000 look-ups wait for their turn already")
        }
    }

    @Test func `numbers and paths are known without asking`() async throws {
        let pool = ResolverPool(
            addresses: { (question) throws(ResolverError) in
                Issue.record("asked for \(question)")
                throw ResolverError(.resolve, "", .failed)
            },
            name: { (address, _) throws(ResolverError) in
                Issue.record("asked for \(address)")
                throw ResolverError(.nameOf, "", .failed)
            })
        let directory = try TemporaryDirectory()
        try await withPool(pool) { async, loop in
            #expect(try await async.addresses(of: "192.0.2.1", port: 7) == [try SocketAddress("192.0.2.1:7")])
            #expect(try await async.addresses(of: "::1", port: 7, family: .ipv6) == [try SocketAddress("[::1]:7")])
            for text in ["127.0.0.1", "::1"] {
                let question = NameQuestion(host: text, service: "80")
                #expect(try await async.resolve(question) == (try Resolver.resolve(text, service: "80")))
            }
            let digits = try await async.name(of: .loopback(80), flags: [.numericHost, .numericService])
            #expect(digits == ("127.0.0.1", "80"))
            for endpoint in ["127.0.0.2:0", "unix:\(directory.file("s"))", "unix:@nt-\(UUID().uuidString)"] {
                let server = try Socket.listening(on: endpoint)
                try await withConnection(to: try server.localAddress, on: loop) { _ in }
            }
        }
    }

    @Test func `a listener looks its name up in its world too`() async throws {
        let names = FixedNames(addresses: [.ipv6(.loopback, 0, flowInfo: 0), try SocketAddress("127.0.0.2:0")])
        let thread = try LoopThread(in: .real(names: names))
        defer { thread.stop() }
        let listener = try await Listener(on: "example.test:0", loop: thread.loop)
        // IPv4 first, as everywhere.
        #expect(listener.localAddress.ip == (try IPAddress("127.0.0.2")))
        let error = await #expect(throws: SocketError.self) {
            _ = try await Listener(on: "other.test:0", loop: thread.loop)
        }
        #expect(error?.isNameNotFound == true)
    }
}
