// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A datagram that is sent, to each host that may hear it: what the ways do to it on the way.
struct DatagramDispatch {
    private let bytes: [UInt8]
    private let route: DatagramRoute
    /// The host that sends it just now: its sender's, or a NAT.
    private let node: Node
    private let origin: DatagramOrigin
    private let fabric: Fabric

    init(_ bytes: [UInt8], by route: DatagramRoute, from node: Node, of origin: DatagramOrigin) {
        self.bytes = bytes
        self.route = route
        self.node = node
        self.origin = origin
        fabric = origin.sender.driver.fabric
    }

    init(_ bytes: [UInt8], by route: DatagramRoute, from sender: DatagramEnd) {
        self.init(
            bytes, by: route, from: sender.driver.node, of: DatagramOrigin(sender, to: route.destination))
    }

    /// - Throws: `EMSGSIZE` for one that is too long for a way that says so.
    func send() throws(Errno) {
        if origin.sender.driver.isDead { throw .networkDown }
        let targets = route.targets(from: node, in: fabric)
        for target in targets {
            let link = fabric.way(from: node, to: target).link
            if link.oversize == .refuse && bytes.count > link.longestDatagram { throw .messageTooLong }
        }
        note(.datagram(bytes.count))
        fabric.capture?.add(bytes, by: route, from: node)
        for target in targets { send(to: target) }
    }

    /// Sends it on from a NAT, which tells nobody that it is too long.
    func forward() {
        note(.translated(bytes.count))
        fabric.capture?.add(bytes, by: route, from: node)
        for target in route.targets(from: node, in: fabric) { send(to: target) }
    }

    private func send(to target: Node) {
        let way = fabric.way(from: node, to: target)
        let link = way.link
        var bytes = bytes
        if bytes.count > link.longestDatagram {
            if link.oversize == .drop || link.oversize == .refuse { return note(.lost(bytes.count), at: target) }
            if link.oversize == .truncate {
                bytes.removeLast(bytes.count - link.longestDatagram)
                note(.truncated(bytes.count), at: target)
            }
        }
        send(bytes, to: target, way)
        if fabric.chance.happens(link.duplication) {
            note(.duplicated(bytes.count), at: target)
            send(bytes, to: target, way)
        }
    }

    private func send(_ bytes: [UInt8], to target: Node, _ way: Way) {
        switch way.send(bytes.count) {
        case .lost: note(.lost(bytes.count), at: target)
        case .held: way.keep { [self] in deliver(bytes, to: target, at: $0) }
        case .arrives(let time):
            if losesAPiece(of: bytes.count, by: way.link) { return note(.lost(bytes.count), at: target) }
            deliver(corrupted(bytes, at: target, by: way.link), to: target, at: delayed(time, by: way.link, at: target))
        }
    }

    /// Whether one of the further pieces, which are drawn for as packets of their own, did not come.
    private func losesAPiece(of count: Int, by link: Link) -> Bool {
        if count <= link.longestDatagram || link.loss <= 0 { return false }
        let pieces = (count + link.longestDatagram - 1) / max(1, link.longestDatagram)
        return (1..<max(2, pieces)).contains { _ in fabric.chance.happens(link.loss) }
    }

    private func corrupted(_ bytes: [UInt8], at target: Node, by link: Link) -> [UInt8] {
        guard !bytes.isEmpty, fabric.chance.happens(link.corruption) else { return bytes }
        note(.corrupted(bytes.count), at: target)
        var bytes = bytes
        bytes[fabric.chance.below(bytes.count)] ^= 1 << UInt8(fabric.chance.below(8))
        return bytes
    }

    private func delayed(_ time: LoopInstant, by link: Link, at target: Node) -> LoopInstant {
        guard fabric.chance.happens(link.reordering) else { return time }
        note(.delayed(bytes.count), at: target)
        return time.advanced(by: link.reorderingDelay)
    }

    private func deliver(_ bytes: [UInt8], to target: Node, at time: LoopInstant) {
        target.door?.post(DatagramUnderWay(bytes, by: route, of: origin, to: target), at: time)
    }

    private func note(_ kind: NetworkEvent.Kind, at target: Node? = nil) {
        var destination = route.destination
        // Of a broadcast it is told which host is meant.
        if let target, case .many = route.reach, let port = destination.port {
            destination = target.mainAddress.with(port)
        }
        fabric.note(kind, from: route.source, to: destination)
    }
}
