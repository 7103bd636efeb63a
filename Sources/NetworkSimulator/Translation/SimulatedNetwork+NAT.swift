// SPDX-License-Identifier: Apache-2.0
public import Sockets

extension SimulatedNetwork {
    /// Adds a NAT: hosts are put behind it when they are added (``host(_:at:behind:files:_:)``).
    ///
    /// - Parameters:
    ///   - name: what traces and errors call it, unlike every other host's.
    ///   - behavior: how it translates.
    ///   - address: where those outside see it; a free one, as a host's, unless given.
    ///   - outer: the NAT that it is behind itself.
    /// - Throws: `.invalid` as ``host(_:at:behind:files:_:)``, and for an address that is not IPv4.
    /// - Precondition: the behavior is within the bounds that ``NATBehavior`` names.
    public func nat(
        _ name: String, _ behavior: NATBehavior = .portRestrictedCone, at address: IPAddress? = nil,
        behind outer: SimulatedNAT? = nil
    ) throws(SocketError) -> SimulatedNAT {
        behavior.check()
        let node = try addNode(name, address.map { [$0] } ?? [], behind: outer, translates: true)
        let address = node.addresses[0]
        node.translator = Translator(behavior, at: address)
        return SimulatedNAT(try add(node, [:], isClient: false, nil), behavior, at: address)
    }

    /// - Throws: `.invalid` for what can't be.
    func addNode(
        _ name: String, _ wanted: [IPAddress], behind nat: SimulatedNAT?, translates: Bool = false
    ) throws(SocketError) -> Node {
        if let nat, nat.host.fabric !== fabric {
            throw SocketError(.open, .invalid("\(nat.name) is a NAT of another network"), subject: "host \(name)")
        }
        return try fabric.addNode(name, wanted, behind: nat?.host.node, translates: translates)
    }
}
