// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

/// Some loops, each with its thread, that share the connections of a program.
public final class EventLoopGroup: Sendable {
    private let threads: [LoopThread]
    private let turn = Atomic(0)

    /// Starts loops.
    ///
    /// - Parameter count: how many, at least 1; as many as the machine has processors unless given.
    /// - Throws: ``SocketError/isOutOfResources``; the loops that were started end.
    public init(count: Int = EventLoopGroup.processorCount, in world: World = .real()) throws(SocketError) {
        var threads: [LoopThread] = []
        for _ in 0..<max(1, count) { threads.append(try LoopThread(in: world)) }
        self.threads = threads
    }

    /// The loops of the process, one for each processor, started when first asked for.
    ///
    /// - Precondition: the system has descriptors and threads for them.
    public static let shared: EventLoopGroup = {
        do throws(SocketError) { return try EventLoopGroup() } catch { preconditionFailure("\(error)") }
    }()

    /// How many processors this process may use.
    ///
    /// C: `sysconf(3)`.
    public static var processorCount: Int { SystemCalls.processorCount }

    /// Every loop.
    public var loops: [EventLoop] { threads.map(\.loop) }

    /// One loop after the other, in turns.
    public func next() -> EventLoop {
        let index = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return threads[Int(UInt(bitPattern: index) % UInt(threads.count))].loop
    }

    /// Ends the threads. Whoever waits on a loop then waits for ever: end the tasks first.
    public func stop() {
        for thread in threads { thread.stop() }
    }
}
