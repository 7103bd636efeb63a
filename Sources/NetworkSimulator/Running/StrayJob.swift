// SPDX-License-Identifier: Apache-2.0
public import Reactor

/// A job that has left its world: from then on some of the work is done by threads that no simulation steps, and a seed
/// repeats nothing.
///
/// It comes of `Task {}`, `Task.detached` and the main actor; of a task outside that waits for something inside too.
/// `Task.sleep` leaves it unseen: then a run stalls, and the error names the client that is not at its end
/// (``NetworkStalled/unfinished``).
public struct StrayJob: Hashable, Sendable, CustomStringConvertible {
    /// The host that it has left.
    public let host: String
    /// What the task is called that did it; nil where it has no name.
    public let task: String?
    /// When.
    public let time: LoopInstant

    /// `client: task "retry" has handed a job to the outside at 0.000050000 s`.
    public var description: String {
        let who = task.map { "task \"\($0)\"" } ?? "a task without a name"
        return "\(host): \(who) has handed a job to the outside at \(time.seconds) s"
    }
}

/// A run with a seed in which jobs have left their world: it can't be repeated.
public struct WorldLeft: Error, Hashable, Sendable, CustomStringConvertible {
    /// The first of them, at least one.
    public let jobs: [StrayJob]

    /// One line that names them.
    public var description: String {
        "no seed repeats this run: " + jobs.map(\.description).joined(separator: "; ")
    }
}
