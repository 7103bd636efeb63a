// SPDX-License-Identifier: Apache-2.0

/// How a server handles several requests at a time: one value, where Python has a mix-in class for each way and a class
/// for each combination.
///
/// ```swift
/// try TCPServer(on: ":1234", concurrency: .threads(maximum: 64), handler: Greeter.init).serveForever()
/// ```
///
/// | | a request costs | a crash ends | handlers share | bounded by |
/// |---|---|---|---|---|
/// | ``sequential`` | nothing | the server | everything, one after the other | the queue of the system |
/// | ``threads(maximum:)`` | microseconds, a stack | the server | everything, at the same time | `maximum` |
/// | ``processes(maximum:)`` | milliseconds, a copy of the page tables | its own request | nothing | `maximum` |
/// | ``tasks(maximum:)`` | microseconds, no thread | the server | everything, on one thread | `maximum` |
///
/// **What forking costs.** The system copies the page tables of the whole process for each request, so that it is
/// dearer the more memory the server has, and every page that either side then writes to is copied too. What a handler
/// changes is gone with its process: counters, caches and logins have to live elsewhere. And a process that has threads
/// can't be forked safely, because the child has one thread and perhaps the locks of the others: such a server throws.
/// What it brings is that nothing a handler does, a crash included, touches another client.
///
/// **What threads cost.** They share memory, so that two of them may write to the same place: in Python, as in C, that
/// goes wrong now and then, and only under load. Here it does not compile: the closure that makes handlers, the
/// overrides and everything that they capture are `Sendable`, so that what is shared is constant, an actor, or behind a
/// lock (`Mutex`). What no compiler sees is two locks taken in different orders, and two steps that belong together
/// with the lock let go in between.
///
/// **What tasks cost.** They take turns on one thread: a handler that computes for long, or blocks, holds the others
/// up. An ``AsyncRequestHandler`` waits without blocking; a ``BaseRequestHandler`` is given a thread of a pool, while
/// its task waits.
///
/// Python: `ThreadingMixIn`, `ForkingMixIn`.
public enum RequestConcurrency: Hashable, Sendable {
    /// One request after the other, on the thread that serves; further clients wait.
    case sequential
    /// A thread for each request, at most so many at a time.
    case threads(maximum: Int = 64)
    /// A process for each request, at most so many at a time. Linux only, and only while the process has one thread.
    case processes(maximum: Int = 40)
    /// A task for each request, at most so many at a time, all on the thread that serves.
    case tasks(maximum: Int = 10_000)

    /// How many requests are handled at a time.
    public var maximum: Int {
        switch self {
        case .sequential: 1
        case .threads(let maximum), .processes(let maximum), .tasks(let maximum): maximum
        }
    }
}
