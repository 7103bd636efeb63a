// SPDX-License-Identifier: Apache-2.0
public import Reactor

/// A run that can never end: every task waits, and nothing is under way that could wake one.
public struct NetworkStalled: Error, Hashable, Sendable, CustomStringConvertible {
    /// One of those who wait.
    public struct Wait: Hashable, Sendable, CustomStringConvertible {
        /// The host.
        public let host: String
        /// What is waited for: `receive 10.0.0.2:49152`, `accept 10.0.0.1:7`.
        public let subject: String
        /// Since when.
        public let since: LoopInstant

        /// `server: accept 10.0.0.1:7 since 0.000000000 s`.
        public var description: String { "\(host): \(subject) since \(since.seconds) s" }
    }

    /// When nothing more could happen.
    public let time: LoopInstant
    /// Who waits for the network, the earliest first. A task that waits for another task is not among them.
    public let waits: [Wait]

    /// One line that names everybody who waits.
    public var description: String {
        let who = waits.isEmpty ? "nobody waits for the network" : waits.map(\.description).joined(separator: "; ")
        return "nothing can happen any more at \(time.seconds) s: \(who)"
    }
}
