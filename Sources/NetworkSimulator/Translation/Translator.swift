// SPDX-License-Identifier: Apache-2.0
//
// Decision: a datagram is translated when it comes to the NAT: so who sends first decides who gets in, as it does
//           where holes are punched. Segments of a connection are let through, or not, by the mapping that its first
//           one made.
// Facts:    what a NAT does not let in it drops in silence: RFC 4787 §5; so does a request for a connection: RFC 5382
//           §4.3.
import Reactor
import Sockets

/// What makes a host a NAT. Touched by the thread that runs the network.
final class Translator {
    let behavior: NATBehavior
    private let address: IPAddress
    var table: TranslationTable

    init(_ behavior: NATBehavior, at address: IPAddress) {
        self.behavior = behavior
        self.address = address
        table = TranslationTable(behavior, at: address)
    }

    /// Nothing is remembered any more.
    func forget() { table = TranslationTable(behavior, at: address) }

    // MARK: Datagrams

    /// Passes a datagram on that has come to the NAT: out, in, or, from one behind it to another, both.
    func forward(_ bytes: [UInt8], by route: DatagramRoute, of origin: DatagramOrigin, at node: Node) {
        let fabric = origin.sender.driver.fabric
        let isForUs = route.destination.ip == address
        let isFromInside = origin.lastNode.gateway === node
        if isForUs && isFromInside && !behavior.hairpins { return filter(bytes, route, fabric) }
        var translated = route
        if isFromInside {
            guard let mapping = leave(.udp, from: route.source, to: route.destination, in: fabric) else {
                return fabric.note(.dropped(bytes.count), from: route.source, to: route.destination)
            }
            translated.source = mapping.outside
        }
        if isForUs {
            guard let port = route.destination.port,
                let inside = table.enter(to: port, from: translated.source, at: fabric.clock.now)
            else { return filter(bytes, translated, fabric) }
            translated.destination = inside
        }
        guard
            let next = isForUs
                ? host(at: translated.destination, behind: node, fabric)
                : fabric.nextHop(from: node, to: translated.destination)
        else { return filter(bytes, translated, fabric) }
        translated.reach = .one(next)
        DatagramDispatch(bytes, by: translated, from: node, of: origin.passing(node)).forward()
    }

    private func host(at address: SocketAddress, behind node: Node, _ fabric: Fabric) -> Node? {
        address.ip.flatMap { fabric.node(at: $0, behind: node) }
    }

    private func filter(_ bytes: [UInt8], _ route: DatagramRoute, _ fabric: Fabric) {
        fabric.note(.filtered(bytes.count), from: route.source, to: route.destination)
    }

    // MARK: Connections

    /// Lets a request for a connection out.
    ///
    /// - Returns: what the connection passes by, and where it comes from for those outside; nil where there is no room.
    func pass(
        from inside: SocketAddress, to other: SocketAddress, in fabric: Fabric
    ) -> (passage: Passage, outside: SocketAddress)? {
        guard let mapping = leave(.tcp, from: inside, to: other, in: fabric) else { return nil }
        return (Passage(by: mapping, to: other, of: self), mapping.outside)
    }

    private func leave(
        _ carrier: TranslationTable.Carrier, from inside: SocketAddress, to other: SocketAddress, in fabric: Fabric
    ) -> TranslationTable.Mapping? {
        let found = table.leave(carrier, from: inside, to: other, at: fabric.clock.now, drawing: &fabric.chance)
        if let found, found.isNew { fabric.note(.mapped, from: inside, to: found.mapping.outside) }
        return found?.mapping
    }
}
