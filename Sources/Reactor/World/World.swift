// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What a loop's outside is: its time, its chance, its network and who knows names, its files and the programs beside
/// it. The real one is ``real(_:names:)``; a simulation brings its own. Whatever runs on a loop asks this, never the
/// system.
public struct World: Sendable {
    /// Which selector waits for the network.
    public enum Mechanism: String, Hashable, Sendable, CaseIterable {
        /// The mechanisms of ``Sockets``, each by its name.
        case epoll, poll, select

        /// What `NETWRIGHT_SELECTOR` in the environment says, or the best of this system.
        public static var preferred: Mechanism {
            Environment.value(of: "NETWRIGHT_SELECTOR").flatMap(Mechanism.init(rawValue:)) ?? .epoll
        }
    }

    /// What time it is.
    let now: @Sendable () -> LoopInstant

    /// What date it is, since the start of 1970.
    private let wallClock: @Sendable () -> Duration

    /// Chance.
    public let randomness: Randomness

    /// The files.
    public let files: any FileSystem

    /// Other programs.
    public let processes: Processes

    /// Threads for calls that block.
    public let blocking: BlockingPool

    /// Draws the order in which the tasks of a loop go on that could do so at the same time; nil where none is drawn.
    let jobOrder: Randomness?

    /// Opens the network for a loop.
    let makeDriver: NetworkDriverFactory

    /// Knows names.
    let names: any NameService

    /// A world with its own network and names; what else is not given is a simulation's: a date that the clock alone
    /// moves, chance from a seed, files in memory, no processes and no threads.
    package init(
        now: @escaping @Sendable () -> LoopInstant, wallClock: (@Sendable () -> Duration)? = nil,
        randomness: Randomness = .seeded(0), files: (any FileSystem)? = nil, processes: Processes = .unsupported,
        blocking: BlockingPool = .inline, jobOrder: Randomness? = nil,
        makeDriver: @escaping NetworkDriverFactory, names: any NameService
    ) {
        let wallClock = wallClock ?? { Self.simulatedBeginning + .nanoseconds(now().nanoseconds) }
        self.now = now
        self.wallClock = wallClock
        self.randomness = randomness
        self.files = files ?? MemoryFileSystem(wallClock: wallClock)
        self.processes = processes
        self.blocking = blocking
        self.jobOrder = jobOrder
        self.makeDriver = makeDriver
        self.names = names
    }

    /// The date at which simulated time begins unless one is given: the first of January 2026.
    package static let simulatedBeginning = Duration.seconds(1_767_225_600)

    /// What date it is: the time since the start of 1970 (UTC), without leap seconds. It may go back when somebody sets
    /// the clock; what has to last a while is measured by the loop's own time instead.
    public var wallTime: Duration { wallClock() }

    /// This machine: its clocks, its chance, its files, its processes, its network by way of a selector, and its
    /// resolver.
    ///
    /// - Parameter names: who knows names, if not the system.
    public static func real(
        _ mechanism: Mechanism = .preferred, names: any NameService = ResolverPool.system
    ) -> World {
        World(
            now: { LoopInstant(nanoseconds: SystemClock.nanoseconds) }, wallClock: { SystemClock.wall },
            randomness: .system, files: SystemFiles(pool: .shared), processes: .system, blocking: .shared,
            makeDriver: { (loop) throws(SocketError) in try ReadinessDriver(mechanism, loop: loop) },
            names: names)
    }
}
