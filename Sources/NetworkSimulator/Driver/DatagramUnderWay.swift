// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A datagram on its way to a host. Who gets it there is found out when it arrives.
final class DatagramUnderWay: Addressee {
    private let bytes: [UInt8]
    private let route: DatagramRoute
    private let sender: DatagramEnd
    private let node: Node

    init(_ bytes: [UInt8], by route: DatagramRoute, from sender: DatagramEnd, to node: Node) {
        self.bytes = bytes
        self.route = route
        self.sender = sender
        self.node = node
    }

    func arrive(at now: LoopInstant) {
        guard let ip = route.destination.ip else { return }
        let path = path(to: ip)
        let hearers = node.datagrams.holders(of: route.destination).filter { $0.hears(route.source, sendingTo: ip) }
        guard case .one = route.reach else {
            for end in hearers { end.take(bytes, from: route.source, by: path) }
            return
        }
        guard let best = hearers.map(rank).max() else { return refuse() }
        let equals = hearers.filter { rank($0) == best }
        // Who shares an address gets a share of the senders, each always the same.
        let place = Int(route.source.port?.rawValue ?? 0) % equals.count
        equals[place].take(bytes, from: route.source, by: path)
    }

    /// A socket with a peer goes before one without, then one at the very address before one at every address.
    private func rank(_ end: DatagramEnd) -> Int {
        (end.peer == nil ? 0 : 2) + (end.localAddress == route.destination ? 1 : 0)
    }

    private func refuse() {
        let fabric = sender.driver.fabric
        fabric.note(.refuse, from: route.destination, to: route.source)
        let refusal = RefusalUnderWay(of: route.destination, to: sender)
        let back = fabric.way(from: node, to: sender.driver.node)
        switch back.send(0) {
        case .arrives(let time): sender.driver.post(refusal, at: time)
        case .held: back.keep { [sender] in sender.driver.post(refusal, at: $0) }
        case .lost: fabric.note(.lost(0), from: route.destination, to: route.source)
        }
    }

    /// As the system tells it: what is answered does not come from a group.
    private func path(to ip: IPAddress) -> DatagramPath {
        let isOne = !ip.isMulticast && !ip.isAnyBroadcast
        let local = isOne ? ip : node.source(toward: route.source)?.ip ?? ip
        return DatagramPath(destination: ip, local: local, interface: DatagramSettings.interface)
    }
}

/// The news that nobody is where a datagram went: ICMP's port unreachable, RFC 792.
private final class RefusalUnderWay: Addressee {
    private let address: SocketAddress
    private let sender: DatagramEnd

    init(of address: SocketAddress, to sender: DatagramEnd) {
        self.address = address
        self.sender = sender
    }

    func arrive(at now: LoopInstant) { sender.takeRefusal(by: address) }
}
