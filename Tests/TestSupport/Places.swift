// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets only so many tests at a time do something: all of them at once would have more descriptors than select can
/// watch.
public final class Places: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Whether this task has a place already: it needs no second one for what it does inside.
    @TaskLocal private static var isInside = false

    private let state: Mutex<State>

    /// So many.
    public init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Waits for a place, runs `body`, and gives the place back.
    public func take(_ body: () async throws -> Void) async rethrows {
        if Self.isInside { return try await body() }
        await enter()
        defer { leave() }
        try await Self.$isInside.withValue(true) { try await body() }
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
