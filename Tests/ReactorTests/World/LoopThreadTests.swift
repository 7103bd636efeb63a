// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import Testing

@Suite struct LoopThreadTests {
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
}
