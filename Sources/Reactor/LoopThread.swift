// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// A loop and the thread that turns it, until ``stop()``.
public final class LoopThread: Sendable {
    /// The loop.
    public let loop: EventLoop
    private let stopping = Flag()

    /// Opens a loop and starts a thread for it.
    ///
    /// - Throws: ``SocketError/isOutOfResources``.
    public init(in world: World = .real()) throws(SocketError) {
        let loop = try EventLoop(in: world)
        loop.isTurnedByOthers = true
        self.loop = loop
        let stopping = stopping
        do throws(Errno) {
            try Thread.start {
                while !stopping.isSet {
                    // A failed wait is the loop's end: without it there is nothing that could go on.
                    do throws(SocketError) { try loop.turn() } catch { preconditionFailure("\(error)") }
                }
                // What was brought before the end is still done, or a connection that was closed then would stay open.
                try? loop.turn(until: loop.timeNow)
            }
        } catch {
            throw SocketError(.open, error: error, subject: "a thread for a loop")
        }
    }

    /// Ends the thread once it has done what was brought by then. Whoever waits on the loop then waits for ever: end
    /// the tasks first.
    public func stop() {
        stopping.set()
        loop.enqueue {}
    }

    deinit { stop() }
}
