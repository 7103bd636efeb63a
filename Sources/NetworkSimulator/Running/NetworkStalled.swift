// SPDX-License-Identifier: Apache-2.0
public import Reactor

/// A run that does not come to its end: every task waits, and nothing is under way that could wake one; or its time is
/// up.
public struct NetworkStalled: Error, Hashable, Sendable, CustomStringConvertible {
    /// One of those who wait.
    public struct Wait: Hashable, Sendable, CustomStringConvertible {
        /// The host.
        public let host: String
        /// What is waited for, where, and of whom where that is known: `accept 10.0.0.1:7`,
        /// `receive 10.0.0.2:49152 from 10.0.0.1:7`.
        public let subject: String
        /// Since when.
        public let since: LoopInstant

        /// `server: accept 10.0.0.1:7 since 0.000000000 s`.
        public var description: String { "\(host): \(subject) since \(since.seconds) s" }
    }

    /// Why it does not go on.
    public enum Cause: String, Hashable, Sendable {
        /// Nothing is left that could happen.
        case nothingLeft = "nothing can happen any more"
        /// The run's time is over.
        case timeIsUp = "the time is up"
    }

    /// Why it does not go on.
    public let cause: Cause
    /// When that was.
    public let time: LoopInstant
    /// Who waits for the network, the earliest first. A task that waits for another task is not among them.
    public let waits: [Wait]
    /// The clients whose tasks have not ended, in the order in which they were added.
    public let unfinished: [String]
    /// The jobs that have left their world: perhaps one of them is waited for.
    public let strays: [StrayJob]
    /// The seed of the network, if it has one.
    public let seed: UInt64?

    /// One line that names everybody who waits.
    public var description: String {
        let who = waits.isEmpty ? "nobody waits for the network" : waits.map(\.description).joined(separator: "; ")
        var text = "\(cause.rawValue) at \(time.seconds) s: \(who)"
        if !unfinished.isEmpty { text += "; not at an end: " + unfinished.joined(separator: ", ") }
        if !strays.isEmpty { text += "; " + strays.map(\.description).joined(separator: "; ") }
        return text + Seed.note(seed)
    }
}
