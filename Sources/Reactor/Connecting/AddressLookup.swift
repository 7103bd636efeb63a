// SPDX-License-Identifier: Apache-2.0
//
// Facts:    getaddrinfo(3) blocks, for half a minute if a name server is silent, and can't be interrupted.
// Decision: it runs on a thread of its own, and the waiting task wakes by deadline or cancellation without it: an
//           answer that comes too late is dropped. At most `maximumThreads` look something up at a time, the others
//           wait.
// Cost:     a cancelled look-up keeps its thread until the system gives up.
import Sockets
import Synchronization

/// Names to addresses without holding a loop.
enum AddressLookup {
    /// How many names are looked up at a time.
    static let maximumThreads = 8

    private struct State {
        var running = 0
        var queue: [@Sendable () -> Void] = []
    }

    private static let state = Mutex(State())

    /// The addresses of an endpoint, in the order in which to try them. Numbers are answered at once.
    static nonisolated(nonsending) func addresses(
        of endpoint: some EndpointConvertible, until deadline: LoopInstant, on loop: EventLoop
    ) async throws(SocketError) -> [SocketAddress] {
        if let known = try SocketAddress.known(endpoint, for: .connect) { return known }
        let answer = Answer()
        let waiting = Waiting(on: loop)
        start {
            answer.set(Swift.Result { () throws(SocketError) in try SocketAddress.connecting(to: endpoint) })
            waiting.wakeOnItsLoop()
        }
        try await waiting.wait(.connect, until: deadline)
        return try answer.get()
    }

    private static func start(_ work: @escaping @Sendable () -> Void) {
        let mayStart = state.withLock { state in
            if state.running < maximumThreads {
                state.running += 1
                return true
            }
            state.queue.append(work)
            return false
        }
        if mayStart { startThread(work) }
    }

    private static func startThread(_ first: @escaping @Sendable () -> Void) {
        let body: @Sendable () -> Void = {
            var next: (@Sendable () -> Void)? = first
            while let work = next {
                work()
                next = nextInQueue()
            }
        }
        // Without a thread the answer comes late rather than never: this one blocks for it.
        do throws(Errno) { try Thread.start(body) } catch { body() }
    }

    private static func nextInQueue() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if !state.queue.isEmpty { return state.queue.removeFirst() }
            state.running -= 1
            return nil
        }
    }

    /// What a look-up came to, once it has.
    private final class Answer: Sendable {
        private let result = Mutex<Swift.Result<[SocketAddress], SocketError>?>(nil)

        func set(_ value: Swift.Result<[SocketAddress], SocketError>) { result.withLock { $0 = value } }

        func get() throws(SocketError) -> [SocketAddress] {
            guard let result = result.withLock({ $0 }) else { throw SocketError(.connect, .timedOut) }
            return try result.get()
        }
    }
}
