// SPDX-License-Identifier: Apache-2.0
//
// Hazard:   whoever is given a loop does not know its thread: `Server(on: …, loop: try LoopThread().loop)` holds the
//           loop, and the thread's only owner is gone before the first client comes. A thread that ended with its
//           owner would leave them waiting for ever.
// Decision: without its owner the thread goes on until it is the last one that has the loop. Nobody is told when that
//           comes to pass, so it looks after each turn, and once in a while.
public import Sockets

/// A loop and the thread that turns it, until ``stop()``; or, once this value is gone, for as long as anybody has the
/// loop: a server, a connection, a task that prefers it.
public final class LoopThread: Sendable {
    /// The loop.
    public let loop: EventLoop
    private let turning: Turning

    /// Opens a loop and starts a thread for it.
    ///
    /// - Throws: ``SocketError/isOutOfResources``.
    public init(in world: World = .real()) throws(SocketError) {
        let loop = try EventLoop(in: world)
        loop.isTurnedByOthers = true
        self.loop = loop
        let turning = Turning(loop)
        self.turning = turning
        do throws(Errno) { try Thread.start { turning.run() } } catch {
            throw SocketError(.open, error: error, subject: "a thread for a loop")
        }
    }

    /// Ends the thread once it has done what was brought by then. Whoever waits on the loop then waits for ever: end
    /// the tasks first. Connections that are still there can be closed afterwards as before.
    public func stop() {
        turning.isStopped.set()
        loop.enqueue {}
    }

    deinit {
        turning.isAbandoned.set()
        loop.enqueue {}
    }
}

/// What the thread does, and what it is told.
private final class Turning: @unchecked Sendable {
    let isStopped = Flag()
    /// Nobody can stop the thread any more.
    let isAbandoned = Flag()
    /// The thread's own reference, which nobody else touches.
    private var loop: EventLoop

    /// How long a loop that nobody has may live on.
    private static let patience = Duration.seconds(1)

    init(_ loop: EventLoop) { self.loop = loop }

    func run() {
        while !isStopped.isSet && !(isAbandoned.isSet && isKnownUniquelyReferenced(&loop)) {
            let end = isAbandoned.isSet ? loop.timeNow.advanced(by: Self.patience) : .never
            // A failed wait is the loop's end: without it there is nothing that could go on.
            do throws(SocketError) { try loop.turn(until: end) } catch { preconditionFailure("\(error)") }
        }
        // What was brought before the end is still done, or a connection that was closed then would stay open.
        try? loop.turn(until: loop.timeNow)
        loop.retire()
    }
}
