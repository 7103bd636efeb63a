// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Serving by tasks: one loop on the thread that serves, turned until the last handler has ended.
extension BaseServer {
    func runTasks(_ session: ServingSession) throws(SocketError) {
        let loop: EventLoop
        do throws(SocketError) { loop = try EventLoop() } catch {
            end(session)
            throw error
        }
        let failure = loop.runUntilComplete { [self] () async -> SocketError? in
            await withDiscardingTaskGroup { handlers -> SocketError? in
                let failure = await takeRequests(session, on: loop, &handlers)
                end(session)
                await waitForTasks(on: loop)
                abortActive()
                handlers.cancelAll()
                return failure
            }
        }
        // What was closed last is let go of by a turn.
        try? loop.turn(until: loop.timeNow)
        if let failure { throw failure }
    }

    /// Starts a task for each request, until it is over; why, if that is an error.
    private nonisolated(nonsending) func takeRequests(
        _ session: ServingSession, on loop: EventLoop, _ handlers: inout DiscardingTaskGroup
    ) async -> SocketError? {
        do throws(SocketError) {
            while let deadline = try session.prepare() {
                try await waitForEvents(until: deadline, on: loop)
                try session.turn(try waits.wait(until: loop.now))
                for (number, request) in state.withLock({ $0.pending.takeAll() }) {
                    handlers.addTask(executorPreference: loop) { [self] in
                        await completeInTask(request, number: number)
                    }
                }
            }
            return nil
        } catch { return error }
    }

    private nonisolated(nonsending) func waitForEvents(
        until deadline: LoopInstant, on loop: EventLoop
    ) async throws(SocketError) {
        do throws(SocketError) { try await loop.waitUntilReadable(waits.descriptor, until: deadline) } catch {
            if error.reason != .timedOut { throw error }
        }
    }

    /// Waits for the handlers that are under way, at most as long as the server has patience.
    private nonisolated(nonsending) func waitForTasks(on loop: EventLoop) async {
        guard configuration.blocksOnClose else { return }
        let deadline = loop.timeNow.advanced(by: configuration.closeLimit)
        while activeRequests > 0 && loop.timeNow < deadline {
            try? await waitForEvents(until: deadline, on: loop)
            guard let events = try? waits.wait(until: loop.now) else { return }
            noteEnded(events) {}
            // The wish to end may be told a second time, and would end every wait at once.
            if events.contains(.stop) { waits.clearStop() }
        }
    }
}

extension Array {
    /// Everything; nothing is left.
    fileprivate mutating func takeAll() -> [Element] {
        defer { self = [] }
        return self
    }
}
