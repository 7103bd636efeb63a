// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A datagram that is sent, to each host that may hear it: what the ways do to it on the way.
struct DatagramDispatch {
    private let bytes: [UInt8]
    private let route: DatagramRoute
    private let sender: DatagramEnd
    private let fabric: Fabric

    init(_ bytes: [UInt8], by route: DatagramRoute, from sender: DatagramEnd) {
        self.bytes = bytes
        self.route = route
        self.sender = sender
        fabric = sender.driver.fabric
    }

    /// - Throws: `EMSGSIZE` for one that is too long for a way that says so.
    func send() throws(Errno) {
        if sender.driver.isDead { throw .networkDown }
        let targets = route.targets(from: sender)
        for node in targets {
            let link = fabric.way(from: sender.driver.node, to: node).link
            if link.oversize == .refuse && bytes.count > link.longestDatagram { throw .messageTooLong }
        }
        note(.datagram(bytes.count))
        fabric.capture?.add(bytes, by: route, from: sender.driver.node)
        for node in targets { send(to: node) }
    }

    private func send(to node: Node) {
        let way = fabric.way(from: sender.driver.node, to: node)
        let link = way.link
        var bytes = bytes
        if bytes.count > link.longestDatagram {
            if link.oversize == .drop { return note(.lost(bytes.count), at: node) }
            if link.oversize == .truncate {
                bytes.removeLast(bytes.count - link.longestDatagram)
                note(.truncated(bytes.count), at: node)
            }
        }
        send(bytes, to: node, way)
        if fabric.chance.happens(link.duplication) {
            note(.duplicated(bytes.count), at: node)
            send(bytes, to: node, way)
        }
    }

    private func send(_ bytes: [UInt8], to node: Node, _ way: Way) {
        switch way.send(bytes.count) {
        case .lost: note(.lost(bytes.count), at: node)
        case .held: way.keep { [self] in deliver(bytes, to: node, at: $0) }
        case .arrives(let time):
            if losesAPiece(of: bytes.count, by: way.link) { return note(.lost(bytes.count), at: node) }
            deliver(corrupted(bytes, at: node, by: way.link), to: node, at: delayed(time, by: way.link, at: node))
        }
    }

    /// Whether one of the further pieces, which are drawn for as packets of their own, did not come.
    private func losesAPiece(of count: Int, by link: Link) -> Bool {
        if count <= link.longestDatagram || link.loss <= 0 { return false }
        let pieces = (count + link.longestDatagram - 1) / max(1, link.longestDatagram)
        return (1..<max(2, pieces)).contains { _ in fabric.chance.happens(link.loss) }
    }

    private func corrupted(_ bytes: [UInt8], at node: Node, by link: Link) -> [UInt8] {
        guard !bytes.isEmpty, fabric.chance.happens(link.corruption) else { return bytes }
        note(.corrupted(bytes.count), at: node)
        var bytes = bytes
        bytes[fabric.chance.below(bytes.count)] ^= 1 << UInt8(fabric.chance.below(8))
        return bytes
    }

    private func delayed(_ time: LoopInstant, by link: Link, at node: Node) -> LoopInstant {
        guard fabric.chance.happens(link.reordering) else { return time }
        note(.delayed(bytes.count), at: node)
        return time.advanced(by: link.reorderingDelay)
    }

    private func deliver(_ bytes: [UInt8], to node: Node, at time: LoopInstant) {
        node.door?.post(DatagramUnderWay(bytes, by: route, from: sender, to: node), at: time)
    }

    private func note(_ kind: NetworkEvent.Kind, at node: Node? = nil) {
        var destination = route.destination
        // Of a broadcast it is told which host is meant.
        if let node, case .many = route.reach, let port = destination.port {
            destination = node.mainAddress.with(port)
        }
        fabric.note(kind, from: route.source, to: destination)
    }
}
