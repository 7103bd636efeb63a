// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// What the hosts of a network have in common: time, addresses, and who is told.
final class Fabric: Sendable {
    let clock = SimulatedClock()
    let settings: MemoryNetwork.Settings
    let scheduler: Scheduler
    private let observer: (@Sendable (NetworkEvent) -> Void)?
    private let topology = Mutex(Topology())

    init(_ settings: MemoryNetwork.Settings, observer: (@Sendable (NetworkEvent) -> Void)?) {
        self.settings = settings
        self.observer = observer
        scheduler = Scheduler(clock, settings)
    }

    /// The host that others reach at an address.
    func node(at address: IPAddress) -> Node? {
        // Not looked up under the lock: in debug builds Swift 6.3.1 makes a misaligned load of a closure's IPAddress.
        let owners = topology.withLock { $0.owners }
        return owners[address]
    }

    /// Every host, in the order in which they were added.
    var nodes: [Node] { topology.withLock { $0.nodes } }

    func addNode(_ name: String, _ wanted: [IPAddress]) throws(SocketError) -> Node {
        try topology.withLock { (topology) throws(SocketError) in try topology.add(name, wanted) }
    }

    /// Tells the observer.
    func note(_ kind: NetworkEvent.Kind, from source: SocketAddress, to destination: SocketAddress) {
        observer?(NetworkEvent(time: clock.now, source: source, destination: destination, kind: kind))
    }

    /// Lets go of whatever refers to each other.
    func tearDown() {
        scheduler.tearDown()
        for node in nodes { node.tearDown() }
    }
}
