// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Where a datagram began: whatever NATs have made of its addresses since.
struct DatagramOrigin {
    let sender: DatagramEnd
    /// Where it goes, as its sender knows it.
    let destination: SocketAddress
    /// The NATs that it has passed.
    private(set) var passed: [Node] = []

    init(_ sender: DatagramEnd, to destination: SocketAddress) {
        self.sender = sender
        self.destination = destination
    }

    /// Where it comes from just now.
    var lastNode: Node { passed.last ?? sender.driver.node }

    /// The same, one NAT later.
    func passing(_ node: Node) -> DatagramOrigin {
        var later = self
        later.passed.append(node)
        return later
    }
}
