// SPDX-License-Identifier: Apache-2.0
import Sockets

/// Something that can be checked: an endpoint, and how to get at its addresses.
struct CheckTarget: Sendable {
    /// What the lines call it.
    let name: String
    let kind: SocketKind
    private let place: Place

    private enum Place: Sendable {
        case addresses([SocketAddress])
        case host(HostName, Port)
    }

    /// - Throws: a failure for what nobody can connect to.
    init(_ endpoint: Endpoint, named name: String) throws(ToolFailure) {
        self.name = name
        switch endpoint.scheme {
        case .tcp, .tls, .ws, .wss, .http, .https, .unix: kind = .stream
        case .udp, .unixDatagram: kind = .datagram
        case .unixSequencedPacket: kind = .sequencedPacket
        case .exec, .stdio, .descriptor, .systemd:
            throw ToolFailure(.usage, "\(endpoint) can't be checked: it is nothing that one connects to")
        }
        switch endpoint.target {
        case .unix(let address): place = .addresses([.unix(address)])
        case .host(.name(let host), let port): place = .host(host, port)
        case .host(.address(let ip), let port): place = .addresses([SocketAddress(ip, port)])
        case .host(.loopback, let port): place = .addresses([.loopback(port), .ipv6(.loopback, port, flowInfo: 0)])
        default: throw ToolFailure(.usage, "\(endpoint) is a place to listen on: say which host to connect to")
        }
    }

    /// A port of addresses that are known already.
    init(_ addresses: [IPAddress], port: Port, named name: String) {
        self.name = name
        kind = .stream
        place = .addresses(addresses.map { SocketAddress($0, port) })
    }

    /// The addresses to try, in order; a name is looked up at each call. Never empty.
    func addresses() throws(ResolverError) -> [SocketAddress] {
        switch place {
        case .addresses(let addresses): addresses
        case .host(let name, let port): try Resolver.addresses(of: name.text, port: port, kind: kind)
        }
    }
}
