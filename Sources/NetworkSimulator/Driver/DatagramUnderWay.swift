// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A datagram on its way to a host. Who gets it there is found out when it arrives.
final class DatagramUnderWay: Addressee {
    private let bytes: [UInt8]
    private let route: DatagramRoute
    private let origin: DatagramOrigin
    private let node: Node

    init(_ bytes: [UInt8], by route: DatagramRoute, of origin: DatagramOrigin, to node: Node) {
        self.bytes = bytes
        self.route = route
        self.origin = origin
        self.node = node
    }

    func arrive(at now: LoopInstant) {
        if let translator = node.translator { return translator.forward(bytes, by: route, of: origin, at: node) }
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
        let (sender, destination) = (origin.sender, origin.destination)
        let fabric = sender.driver.fabric
        fabric.note(.refuse, from: route.destination, to: route.source)
        let trail = [node] + origin.passed.reversed() + [sender.driver.node]
        RefusalUnderWay(back: trail, in: fabric) { outcome in
            switch outcome {
            case .arrives(let time): sender.driver.post(RefusedDatagram(to: destination, of: sender), at: time)
            case .lost: fabric.note(.lost(0), from: destination, to: sender.localAddress)
            }
        }.start()
    }

    /// As the system tells it: what is answered does not come from a group.
    private func path(to ip: IPAddress) -> DatagramPath {
        let isOne = !ip.isMulticast && !ip.isAnyBroadcast
        let local = isOne ? ip : node.source(toward: route.source)?.ip ?? ip
        return DatagramPath(destination: ip, local: local, interface: DatagramSettings.interface)
    }
}

/// What the sender is told: ICMP's port unreachable, RFC 792.
private final class RefusedDatagram: Addressee {
    private let address: SocketAddress
    private let sender: DatagramEnd

    init(to address: SocketAddress, of sender: DatagramEnd) {
        self.address = address
        self.sender = sender
    }

    func arrive(at now: LoopInstant) { sender.takeRefusal(by: address) }
}
