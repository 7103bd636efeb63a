// SPDX-License-Identifier: Apache-2.0
import Sockets

/// What a host's kernel would know: its addresses and who is reached at them. Touched by the thread that runs the
/// network.
final class Node: @unchecked Sendable {
    let name: String
    let addresses: [IPAddress]

    /// Who has which address for streams.
    var streams = PortSpace<MemoryAcceptor>()
    /// Who has which address for datagrams.
    var datagrams = PortSpace<DatagramEnd>()

    init(_ name: String, at addresses: [IPAddress]) {
        self.name = name
        self.addresses = addresses
    }

    /// Whether something on this host can be bound to an address.
    func has(_ address: SocketAddress) -> Bool {
        switch address {
        case .unix(let name): name.kind != .unnamed
        case .other: false
        case .ipv4, .ipv6: address.ip.map { $0.isUnspecified || $0.isLoopback || addresses.contains($0) } ?? false
        }
    }

    /// The local address, without a port yet, from which another one is reached; nil where no address of this host is
    /// of that family.
    func source(toward destination: SocketAddress) -> SocketAddress? {
        switch destination {
        case .unix: return .unix(.unnamed)
        case .other: return nil
        case .ipv4(let ip, _):
            if ip.isLoopback { return .loopback(.any) }
        case .ipv6(let ip, _, _):
            if ip.isLoopback { return .ipv6(.loopback, .any, flowInfo: 0) }
        }
        return addresses.first { ($0.ipv4 == nil) == (destination.ip?.ipv4 == nil) }.map { SocketAddress($0, .any) }
    }

    func tearDown() {
        streams = PortSpace()
        datagrams = PortSpace()
    }
}
