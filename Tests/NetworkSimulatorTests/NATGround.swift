// SPDX-License-Identifier: Apache-2.0
import NetworkSimulator
import Reactor
import Sockets
import Testing

/// A NAT with `ann` behind it, and `a` and `b` outside.
struct NATGround: Sendable {
    let network: SimulatedNetwork
    let home: SimulatedNAT
    let ann, a, b: SimulatedHost

    init(_ behavior: NATBehavior, seed: UInt64? = 1) throws {
        network = SimulatedNetwork(seed: seed)
        (a, b) = (try network.host("a"), try network.host("b"))
        home = try network.nat("home", behavior)
        ann = try network.host("ann", behind: home)
    }

    func run(_ body: @escaping @Sendable (NATGround) async throws -> Void) async throws {
        try await network.run(on: ann) { try await body(self) }
    }

    /// A socket outside.
    func outside(_ host: SimulatedHost, _ port: Port) async throws -> DatagramSocket {
        try await DatagramSocket(on: SocketAddress(try #require(host.addresses.first), port), loop: host.loop)
    }
}
