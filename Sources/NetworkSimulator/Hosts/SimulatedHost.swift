// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets
import Synchronization

/// A host of a ``SimulatedNetwork``: addresses, a name, files in memory, and a loop that runs ordinary Netwright code.
///
/// What can be wrong with it is set before a run, by a script (``SimulatedNetwork/at(_:_:)``), or by a task of the
/// network; not by other threads while it runs.
public final class SimulatedHost: Sendable {
    /// What a host does.
    typealias Body = @Sendable () async throws -> Void

    let node: Node
    let fabric: Fabric
    /// Whether a run has to come to the end of its task.
    let isClient: Bool
    private let storage: MemoryFileSystem
    private let body: Body?
    private let life: Mutex<Life>

    /// From a start to a crash.
    private struct Life {
        var world: World
        var loop: EventLoop
        var task: Task<Void, Never>?
        var hasEnded = false
    }

    init(
        _ node: Node, files: [String: [UInt8]], isClient: Bool, in fabric: Fabric, _ body: Body?
    ) throws(SocketError) {
        self.node = node
        self.fabric = fabric
        self.isClient = isClient
        self.body = body
        storage = MemoryFileSystem(files, wallClock: Self.wallClock(of: node, in: fabric))
        life = Mutex(try Self.makeLife(node, storage, in: fabric))
        start()
    }

    /// What traces and errors call it, and others find it by.
    public var name: String { node.name }

    /// Where other hosts reach it.
    public var addresses: [IPAddress] { node.addresses }

    /// The host's outside, until it crashes. Loops that are made in it belong to the host; the network turns them, and
    /// nobody else.
    public var world: World { life.withLock { $0.world } }

    /// The host's first loop, until it crashes: tasks that prefer it run on this host.
    public var loop: EventLoop { life.withLock { $0.loop } }

    /// Whether the host's own task has come to its end; true for one without.
    public var hasEnded: Bool { body == nil || life.withLock { $0.hasEnded } }

    // MARK: A life

    private static func wallClock(of node: Node, in fabric: Fabric) -> @Sendable () -> Duration {
        { [clock = fabric.clock] in World.simulatedBeginning + .nanoseconds(clock.now.nanoseconds) + node.clockSkew }
    }

    private static func makeLife(
        _ node: Node, _ storage: MemoryFileSystem, in fabric: Fabric
    ) throws(SocketError) -> Life {
        let isDrawn = fabric.seed != nil
        let world = World(
            now: { [clock = fabric.clock] in clock.now }, wallClock: wallClock(of: node, in: fabric),
            randomness: .seeded(fabric.chance.branch()), files: SimulatedDisk(storage, of: node),
            jobOrder: isDrawn ? .seeded(fabric.chance.branch()) : nil,
            makeDriver: { [life = node.life] (loop) throws(SocketError) in
                MemoryDriver(loop, on: node, life: life, in: fabric)
            },
            names: SimulatedNames(fabric: fabric, asker: node))
        let loop = try EventLoop(in: world)
        loop.isTurnedByOthers = true
        return Life(world: world, loop: loop)
    }

    /// Starts the host's own task, if it has one.
    private func start() {
        guard let body else { return }
        let (loop, life) = (loop, node.life)
        let task = loop.start(named: name) { [self] in
            do { try await body() } catch { fail(error, life) }
            if life == node.life { self.life.withLock { $0.hasEnded = true } }
        }
        self.life.withLock { $0.task = task }
    }

    private func fail(_ error: any Error, _ life: Int) {
        // A crash, and the end of the network, cancel the task.
        if Task.isCancelled || life != node.life || fabric.scheduler.failure != nil { return }
        fabric.scheduler.failure = HostFailed(host: name, error: error, time: fabric.clock.now, seed: fabric.seed)
    }

    /// Asks the host's task to end.
    func cancel() { life.withLock { $0.task }?.cancel() }

    /// Takes what its kernel knew, and cancels its tasks, which come to their end without a network.
    func endLife() {
        node.crash()
        cancel()
        fabric.scheduler.reconsider(node)
    }

    /// Begins again with nothing but the files.
    func beginLife() {
        node.restart()
        // A loop in memory takes nothing of the system's that could be out.
        guard let new = try? Self.makeLife(node, storage, in: fabric) else { return }
        life.withLock { $0 = new }
        start()
    }
}
