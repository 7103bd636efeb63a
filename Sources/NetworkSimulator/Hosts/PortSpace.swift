// SPDX-License-Identifier: Apache-2.0
import Sockets

/// The first of the ports that nobody has registered: RFC 6335 §6.
private let firstEphemeral: UInt16 = 49_152

/// Which local addresses of a host are taken, and by whom: one for each kind of socket. An address of every interface
/// overlaps each single one with its port; the IPv6 one overlaps those of IPv4 too.
struct PortSpace<Holder: AnyObject> {
    private struct Entry {
        let address: SocketAddress
        /// Nil for a client's own address, at which nobody can be reached.
        let holder: Holder?
        /// Whether others may have it too, if they say the same.
        var isShared = false
    }

    /// By port; a UNIX address stands for itself.
    private var entries: [SocketAddress: [Entry]] = [:]
    private var nextEphemeral = firstEphemeral

    /// Takes an address; for port 0 it is the next free one.
    ///
    /// - Throws: `EADDRINUSE`.
    mutating func bind(
        _ address: SocketAddress, to holder: Holder?, shared: Bool = false
    ) throws(Errno) -> SocketAddress {
        let address = try free(address, shared: shared)
        entries[Self.key(address), default: []].append(Entry(address: address, holder: holder, isShared: shared))
        return address
    }

    /// Lets somebody be reached at an address, whoever else has it.
    mutating func add(_ address: SocketAddress, of holder: Holder, shared: Bool) {
        entries[Self.key(address), default: []].append(Entry(address: address, holder: holder, isShared: shared))
    }

    /// Puts a holder in the place of the one that took the address.
    mutating func rebind(_ address: SocketAddress, to holder: Holder) {
        release(address)
        entries[Self.key(address), default: []].append(Entry(address: address, holder: holder))
    }

    mutating func release(_ address: SocketAddress) { release(address) { _ in true } }

    /// Takes one of those away who share an address.
    mutating func release(_ address: SocketAddress, of holder: Holder) { release(address) { $0 === holder } }

    private mutating func release(_ address: SocketAddress, where isMeant: (Holder?) -> Bool) {
        let key = Self.key(address)
        entries[key]?.removeAll { $0.address == address && isMeant($0.holder) }
        if entries[key]?.isEmpty == true { entries[key] = nil }
    }

    /// Who is reached at an address: whoever has it, else whoever has every address with its port.
    func holder(of address: SocketAddress) -> Holder? {
        guard let found = entries[Self.key(address)] else { return nil }
        return (found.first { $0.address == address } ?? found.first { Self.overlap($0.address, address) })?.holder
    }

    /// Everybody who is reached at an address, in the order in which they took it.
    func holders(of address: SocketAddress) -> [Holder] {
        entries[Self.key(address)]?.filter { Self.reaches($0.address, address) }.compactMap(\.holder) ?? []
    }

    private mutating func free(_ address: SocketAddress, shared: Bool) throws(Errno) -> SocketAddress {
        if address.port != .any {
            if isTaken(address, shared: shared) { throw .addressInUse }
            return address
        }
        for _ in firstEphemeral...UInt16.max {
            let candidate = address.with(Port(rawValue: nextEphemeral))
            nextEphemeral = nextEphemeral == .max ? firstEphemeral : nextEphemeral + 1
            if !isTaken(candidate, shared: false) { return candidate }
        }
        throw .addressInUse
    }

    private func isTaken(_ address: SocketAddress, shared: Bool) -> Bool {
        entries[Self.key(address)]?.contains { Self.overlap($0.address, address) && !(shared && $0.isShared) } ?? false
    }

    private static func key(_ address: SocketAddress) -> SocketAddress { address.port.map { .any($0) } ?? address }

    private static func overlap(_ left: SocketAddress, _ right: SocketAddress) -> Bool {
        guard let one = left.ip, let other = right.ip else { return left == right }
        return one == other || covers(one, other) || covers(other, one)
    }

    private static func reaches(_ bound: SocketAddress, _ address: SocketAddress) -> Bool {
        guard let one = bound.ip, let other = address.ip else { return bound == address }
        return one == other || covers(one, other)
    }

    private static func covers(_ wide: IPAddress, _ other: IPAddress) -> Bool {
        wide.isUnspecified && (wide.ipv6 != nil || other.ipv4 != nil)
    }
}

extension SocketAddress {
    /// The loopback address of the same family, with the same port.
    var onLoopback: SocketAddress {
        switch self {
        case .ipv6(_, let port, let flowInfo): .ipv6(.loopback, port, flowInfo: flowInfo)
        default: .loopback(port ?? .any)
        }
    }

    /// The same address with another port.
    func with(_ port: Port) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port)
        case .ipv6(let address, _, let flowInfo): .ipv6(address, port, flowInfo: flowInfo)
        case .unix, .other: self
        }
    }
}
