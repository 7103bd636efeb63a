// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// A host of a ``MemoryNetwork``.
public final class MemoryHost: Sendable {
    private let node: Node

    /// The host's outside. Loops that are made in it belong to the host; the network turns them, and nobody else.
    public let world: World

    /// The host's first loop: tasks that prefer it run on this host.
    public let loop: EventLoop

    init(_ node: Node, in fabric: Fabric) throws(SocketError) {
        self.node = node
        let world = World(
            now: { [clock = fabric.clock] in clock.now },
            makeDriver: { (loop) throws(SocketError) in MemoryDriver(loop, on: node, in: fabric) },
            names: MemoryNames(fabric: fabric))
        self.world = world
        loop = try EventLoop(in: world)
        loop.isTurnedByOthers = true
    }

    /// What traces and errors call it.
    public var name: String { node.name }

    /// Where other hosts reach it.
    public var addresses: [IPAddress] { node.addresses }
}
