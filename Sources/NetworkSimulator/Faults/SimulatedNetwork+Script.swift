// SPDX-License-Identifier: Apache-2.0
import Reactor

/// What happens to a network while it runs: by script, or by chance.
extension SimulatedNetwork {
    /// Has something happen at a time of the network's, between two rounds.
    ///
    /// ```swift
    /// network.at(.seconds(5)) { $0.partition(client, from: server) }
    /// network.at(.seconds(9)) { $0.heal() }
    /// ```
    /// - Parameters:
    ///   - time: since the network was made; at once if that is over.
    ///   - action: gets the network, which it should not hold by itself.
    public func at(_ time: Duration, _ action: @escaping @Sendable (SimulatedNetwork) -> Void) {
        plan(LoopInstant(nanoseconds: 0).advanced(by: time), action)
    }

    /// The same, counted from now.
    public func after(_ delay: Duration, _ action: @escaping @Sendable (SimulatedNetwork) -> Void) {
        plan(now.advanced(by: delay), action)
    }

    /// Has faults happen by chance from now on, as the seed draws them. Each ends by itself.
    public func disturb(_ disturbance: Disturbance) {
        let source = DisturbanceSource(disturbance, of: self)
        fabric.scheduler.plan(source, at: source.next(after: now), isDisturbance: true)
    }

    private func plan(_ time: LoopInstant, _ action: @escaping @Sendable (SimulatedNetwork) -> Void) {
        let step = ScriptStep { [weak self] in
            if let self { action(self) }
        }
        fabric.scheduler.plan(step, at: max(now, time))
    }

    private final class ScriptStep: Addressee {
        private let action: () -> Void
        init(_ action: @escaping () -> Void) { self.action = action }
        func arrive(at now: LoopInstant) { action() }
    }
}
