// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// What a host's kernel would know: its addresses, who is reached at them, and what is wrong with it. Touched by the
/// thread that runs the network.
final class Node: @unchecked Sendable {
    let number: Int
    let name: String
    let addresses: [IPAddress]
    /// The NAT that leads from it to those who are not behind it too; nil for one that is behind none.
    let gateway: Node?
    /// What makes it a NAT, if it is one.
    var translator: Translator?

    /// Who has which address for streams.
    var streams = PortSpace<MemoryAcceptor>()
    /// Who has which address for datagrams.
    var datagrams = PortSpace<DatagramEnd>()
    /// The driver of its first loop, which takes what is for the host and for no connection yet.
    var door: MemoryDriver?

    private(set) var isUp = true
    var isPaused = false
    /// Counts the crashes: what belongs to an earlier life is dead.
    private(set) var life = 0
    var clockSkew = Duration.zero
    var nameFailure: ResolverError.Reason?
    var nameDelay = Duration.zero
    var diskDelay = Duration.zero
    var descriptorLimit = Int.max
    /// What chance has put out of order, until it is well again.
    var troubles: Set<Disturbance.Fault> = []
    private(set) var descriptors = 0

    init(_ name: String, number: Int, at addresses: [IPAddress], behind gateway: Node?) {
        self.name = name
        self.number = number
        self.addresses = addresses
        self.gateway = gateway
    }

    /// Whether a link leads from one to the other: no NAT is between them.
    func isNeighbor(of other: Node) -> Bool {
        gateway === other.gateway || gateway === other || other.gateway === self
    }

    /// What stands for the host in a trace.
    var mainAddress: SocketAddress { addresses.first.map { SocketAddress($0, .any) } ?? .any(.any) }

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

    // MARK: Descriptors

    /// - Throws: `EMFILE` where as many are open as the host may have.
    func openDescriptor() throws(Errno) {
        if descriptors >= descriptorLimit { throw .tooManyOpenFiles }
        descriptors += 1
    }

    /// - Parameter life: that in which it was opened.
    func closeDescriptor(of life: Int) {
        if life == self.life { descriptors -= 1 }
    }

    // MARK: The end

    /// All that the kernel knew is gone.
    func crash() {
        isUp = false
        isPaused = false
        life += 1
        descriptors = 0
        tearDown()
    }

    func restart() { isUp = true }

    func tearDown() {
        streams = PortSpace()
        datagrams = PortSpace()
        door = nil
        translator?.forget()
    }
}
