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
    }

    /// By port; a UNIX address stands for itself.
    private var entries: [SocketAddress: [Entry]] = [:]
    private var nextEphemeral = firstEphemeral

    /// Takes an address; for port 0 it is the next free one.
    ///
    /// - Throws: `EADDRINUSE`.
    mutating func bind(_ address: SocketAddress, to holder: Holder?) throws(Errno) -> SocketAddress {
        let address = try free(address)
        entries[Self.key(address), default: []].append(Entry(address: address, holder: holder))
        return address
    }

    /// Puts a holder in the place of the one that took the address.
    mutating func rebind(_ address: SocketAddress, to holder: Holder) {
        release(address)
        entries[Self.key(address), default: []].append(Entry(address: address, holder: holder))
    }

    mutating func release(_ address: SocketAddress) {
        let key = Self.key(address)
        entries[key]?.removeAll { $0.address == address }
        if entries[key]?.isEmpty == true { entries[key] = nil }
    }

    /// Who is reached at an address: whoever has it, else whoever has every address with its port.
    func holder(of address: SocketAddress) -> Holder? {
        guard let found = entries[Self.key(address)] else { return nil }
        return (found.first { $0.address == address } ?? found.first { Self.overlap($0.address, address) })?.holder
    }

    private mutating func free(_ address: SocketAddress) throws(Errno) -> SocketAddress {
        if address.port != .any {
            if isTaken(address) { throw .addressInUse }
            return address
        }
        for _ in firstEphemeral...UInt16.max {
            let candidate = address.with(Port(rawValue: nextEphemeral))
            nextEphemeral = nextEphemeral == .max ? firstEphemeral : nextEphemeral + 1
            if !isTaken(candidate) { return candidate }
        }
        throw .addressInUse
    }

    private func isTaken(_ address: SocketAddress) -> Bool {
        entries[Self.key(address)]?.contains { Self.overlap($0.address, address) } ?? false
    }

    private static func key(_ address: SocketAddress) -> SocketAddress { address.port.map { .any($0) } ?? address }

    private static func overlap(_ left: SocketAddress, _ right: SocketAddress) -> Bool {
        guard let one = left.ip, let other = right.ip else { return left == right }
        return one == other || covers(one, other) || covers(other, one)
    }

    private static func covers(_ wide: IPAddress, _ other: IPAddress) -> Bool {
        wide.isUnspecified && (wide.ipv6 != nil || other.ipv4 != nil)
    }
}

extension SocketAddress {
    /// The same address with another port.
    func with(_ port: Port) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port)
        case .ipv6(let address, _, let flowInfo): .ipv6(address, port, flowInfo: flowInfo)
        case .unix, .other: self
        }
    }
}
