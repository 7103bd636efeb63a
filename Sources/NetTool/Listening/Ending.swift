// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// How a server comes to its end: the first reason counts.
final class Ending: Sendable {
    private struct State {
        var status: ExitStatus?
        var failure: ToolFailure?
        var stop: @Sendable (_ limit: Duration) -> Void = { _ in }
    }

    private let state = Mutex(State())
    private let drain: Duration

    /// - Parameter drain: how long clients may go on after an orderly end.
    init(drain: Duration) { self.drain = drain }

    /// With what the process ends; nil while nothing has said.
    var status: ExitStatus? { state.withLock { $0.status } }
    /// What ended it; nil if it was no failure.
    var failure: ToolFailure? { state.withLock { $0.failure } }

    /// Sets what stops accepting and gives the clients so long.
    func onStop(_ stop: @escaping @Sendable (_ limit: Duration) -> Void) { state.withLock { $0.stop = stop } }

    /// Nobody else is let in; who is there may stay.
    func closeDoor() { state.withLock { $0.stop }(TimeSpan.maximum) }

    /// Ends it with a status. Returns whether this was the first reason.
    @discardableResult
    func begin(with status: ExitStatus) -> Bool { begin(within: drain) { $0.status = status } }

    /// Ends it with a failure: there is nothing to wait for.
    func fail(_ failure: ToolFailure) {
        begin(within: .zero) {
            $0.status = failure.status
            $0.failure = failure
        }
    }

    @discardableResult
    private func begin(within limit: Duration, _ note: (inout State) -> Void) -> Bool {
        let stop = state.withLock { state -> (@Sendable (Duration) -> Void)? in
            guard state.status == nil else { return nil }
            note(&state)
            return state.stop
        }
        stop?(limit)
        return stop != nil
    }
}
