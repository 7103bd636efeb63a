// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite(.blocking) struct LoopThreadTests {
    private final class Held: Sendable {
        struct Reference { weak var loop: EventLoop? }
        let reference = Mutex(Reference())
    }

    /// A function of its own, so that the connections are gone when the loop ends.
    private func openAndClose(on loop: EventLoop) async throws {
        let (first, second) = try await Connection.pair(on: loop)
        first.close()
        second.close()
    }

    @Test(arguments: World.Mechanism.allCases)
    func `what was closed before a loop's end is closed, and nothing holds the loop`(mechanism: World.Mechanism)
        async throws
    {
        let held = Held()
        for _ in 0..<20 {
            let thread = try LoopThread(in: .real(mechanism))
            held.reference.withLock { $0.loop = thread.loop }
            try await openAndClose(on: thread.loop)
            thread.stop()
        }
        try await until { held.reference.withLock { $0.loop == nil } }
    }

    @Test func `work that was brought before the end is done`() async throws {
        let done = Atomic(0)
        for _ in 0..<100 {
            let thread = try LoopThread()
            thread.loop.enqueue { done.add(1, ordering: .relaxed) }
            thread.stop()
        }
        try await until { done.load(ordering: .relaxed) == 100 }
    }

    // MARK: After the end

    /// A connection of a loop whose thread has ended, with a timer and a wait behind it, and its peer's address.
    private func connection(
        ofEndedLoop mechanism: World.Mechanism, to address: SocketAddress
    ) async throws -> Connection {
        let thread = try LoopThread(in: .real(mechanism))
        let loop = thread.loop
        let client = try Socket.connecting(to: address, within: .seconds(20))
        let connection = try await Connection.adopting(client, on: loop)
        connection.readDeadline = loop.timeNow.advanced(by: .milliseconds(1))
        #expect(await reason { _ = try await connection.receive() } == .timedOut)
        // What holds its own loop is a circle.
        loop.schedule(after: .seconds(1000)) { loop.enqueue {} }
        thread.stop()
        try await until { loop.inbox.withLock { $0.isRetired } }
        return connection
    }

    @Test(arguments: World.Mechanism.allCases)
    func `what is closed after a loop's end gives its descriptor back`(mechanism: World.Mechanism) async throws {
        for end in [{ $0.close() }, { $0.abort() }] as [@Sendable (Connection) -> Void] {
            let listener = try Socket.listening(on: "127.0.0.2:0")
            let connection = try await connection(ofEndedLoop: mechanism, to: listener.localAddress)
            var peer = try listener.accept()
            try peer.setTimeLimit(.seconds(20))
            end(connection)
            end(connection)
            // The end, or a reset.
            let last = Result { () throws(SocketError) in try peer.receive(upTo: 1) }
            #expect((try? last.get()) == nil && last.failure?.reason != .timedOut)
            #expect(!connection.loop.isCurrent)
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a loop that has ended is held by nothing of its own`(mechanism: World.Mechanism) async throws {
        let held = Held()
        let listener = try Socket.listening(on: "127.0.0.2:0")
        let address = try listener.localAddress
        // In a task of its own, which holds nothing when it is over. Nobody closes the connection.
        try await Task {
            let connection = try await connection(ofEndedLoop: mechanism, to: address)
            held.reference.withLock { $0.loop = connection.loop }
        }.value
        try await until { held.reference.withLock { $0.loop == nil } }
        var peer = try listener.accept()
        try peer.setTimeLimit(.seconds(20))
        #expect(try peer.receive(upTo: 1) == nil)
    }

    @Test func `what many threads bring to a loop that has ended is done one by one`() async throws {
        let thread = try LoopThread()
        let loop = thread.loop
        thread.stop()
        try await until { loop.inbox.withLock { $0.isRetired } }
        // Nobody guards it but the loop.
        nonisolated(unsafe) var count = 0
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<500 { loop.enqueue { loop.enqueue { count += loop.isCurrent ? 1 : 0 } } }
                }
            }
            try await group.waitForAll()
        }
        try await until { loop.inbox.withLock { !$0.isBeingCleared } }
        let sum = count
        #expect(sum == 8 * 500)
        #expect(!loop.isCurrent)
    }

    // MARK: Without an owner

    private func loop(ofDroppedThreadIn world: World) throws -> EventLoop { try LoopThread(in: world).loop }

    @Test(arguments: World.Mechanism.allCases)
    func `a loop whose thread has no owner goes on for as long as somebody has it`(mechanism: World.Mechanism)
        async throws
    {
        let held = Held()
        try await Task {
            let loop = try loop(ofDroppedThreadIn: .real(mechanism))
            held.reference.withLock { $0.loop = loop }
            // Longer than the thread waits before it looks who has the loop.
            try await loop.sleep(for: .milliseconds(1100))
            let server = try await Server(on: "127.0.0.2:0", loop: loop) { try await $0.echo() }
            let serving = Task { try await server.run() }
            try await withConnection(to: server.addresses[0], timeout: .seconds(20), on: loop) { connection in
                try await connection.send("still here")
                #expect(try await connection.read(exactly: 10) == Array("still here".utf8))
            }
            server.drain(within: .zero)
            try await serving.value
        }.value
        try await until { held.reference.withLock { $0.loop == nil } }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }
}
