// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// What the hosts of a network have in common: time, chance, addresses, the ways between them, and who is told. But for
/// the clock and the topology it is touched by the thread that runs the network.
final class Fabric: @unchecked Sendable {
    let clock = SimulatedClock()
    let settings: SimulatedNetwork.Settings
    let scheduler: Scheduler
    let seed: UInt64?
    var chance: Chance
    var link: Link { didSet { link.check() } }
    var loopback: Link { didSet { loopback.check() } }
    var trace: NetworkTrace
    /// Where packets are written to, if anywhere.
    var capture: Capture?
    private var ways: [Int: Way] = [:]
    private let topology = Mutex(Topology())

    init(
        _ settings: SimulatedNetwork.Settings, seed: UInt64?, observer: (@Sendable (NetworkEvent) -> Void)?
    ) {
        self.settings = settings
        self.seed = seed
        link = Link()
        loopback = Link()
        trace = NetworkTrace(length: settings.traceLength, observer: observer)
        var chance = Chance(seed: seed ?? 0)
        scheduler = Scheduler(clock, settings, order: seed == nil ? nil : Chance(seed: chance.branch()))
        self.chance = chance
    }

    /// The host that has an address, for those behind a NAT, or behind none.
    func node(at address: IPAddress, behind gateway: Node?) -> Node? { hosts.node(at: address, behind: gateway) }

    /// To whom a host hands what is for an address: the host itself for a loopback or a UNIX address, the one that has
    /// it, or the NAT on the way there; nil where nobody has it.
    func nextHop(from node: Node, to address: SocketAddress) -> Node? {
        guard let ip = address.ip, !ip.isLoopback else { return node }
        return hosts.nextHop(from: node, to: ip)
    }

    /// The hosts that a connection leads by, both ends included; nil where nobody has the address.
    func trail(from node: Node, to address: SocketAddress) -> [Node]? {
        var trail = [node]
        repeat {
            guard let next = nextHop(from: trail[trail.count - 1], to: address) else { return nil }
            trail.append(next)
            if next === node { break }
        } while address.ip.map { !trail[trail.count - 1].addresses.contains($0) } ?? false
        return trail
    }

    /// Every host, in the order in which they were added.
    var nodes: [Node] { topology.withLock { $0.nodes } }

    // Nothing is looked up under the lock: in debug builds Swift 6.3.1 makes a misaligned load of a closure's
    // IPAddress.
    private var hosts: Topology { topology.withLock { $0 } }

    func addNode(
        _ name: String, _ wanted: [IPAddress], behind gateway: Node? = nil, translates: Bool = false
    ) throws(SocketError) -> Node {
        try topology.withLock { (topology) throws(SocketError) in
            try topology.add(name, wanted, behind: gateway, translates: translates)
        }
    }

    /// The way from one host to another, or to itself.
    func way(from source: Node, to target: Node) -> Way {
        let key = source.number << 32 | target.number
        if let known = ways[key] { return known }
        let way = Way(from: source, to: target, in: self)
        ways[key] = way
        return way
    }

    /// Both ways between two groups of hosts, without those that lead back to where they begin; of two hosts with a NAT
    /// between them there are none.
    func ways(between one: [Node], and other: [Node]) -> [Way] {
        one.flatMap { first in
            other.filter { $0 !== first && $0.isNeighbor(of: first) }.flatMap {
                [way(from: first, to: $0), way(from: $0, to: first)]
            }
        }
    }

    /// Notes something in the trace.
    func note(_ kind: NetworkEvent.Kind, from source: SocketAddress, to destination: SocketAddress) {
        trace.add(NetworkEvent(time: clock.now, source: source, destination: destination, kind: kind))
    }

    /// The same for something that happens to a host, or between two.
    func note(_ fault: NetworkEvent.Fault, _ node: Node, _ other: Node? = nil) {
        note(.fault(fault), from: node.mainAddress, to: (other ?? node).mainAddress)
    }

    /// Lets go of whatever refers to each other.
    func tearDown() {
        scheduler.tearDown()
        for node in nodes { node.tearDown() }
        for key in ways.keys.sorted() { ways[key]?.tearDown() }
        ways = [:]
        capture = nil
    }
}
