// SPDX-License-Identifier: Apache-2.0

/// A block of addresses that share their first bits: `192.168.0.0/16`, `2001:db8::/32`.
///
/// ```swift
/// let office = try IPNetwork("10.1.0.0/16")
/// office.contains(try IPAddress("10.1.2.3"))          // true
/// for floor in try office.subnets(prefixLength: 20) { … }
/// ```
/// Scopes play no part: a network has none, and ``contains(_:)`` does not look at one.
/// RFC 4632 §3.1, RFC 4291 §2.3.
public struct IPNetwork: Hashable, Sendable {
    /// The first address, the one that names the network.
    public let address: IPAddress
    /// How many bits all addresses of the network share: 0 to 32, or 0 to 128.
    public let prefixLength: Int

    /// The network that `address` is the first address of.
    ///
    /// - Throws: ``AddressError`` with `.hostBitsSet`, which says what the network would be, `.prefixOutOfRange`, or
    ///   `.unexpectedScope`.
    public init(_ address: IPAddress, prefixLength: Int) throws(AddressError) {
        do throws(AddressError.Reason) {
            self = try Self.check(address, prefixLength, strictly: true)
        } catch {
            throw AddressError("\(address)/\(prefixLength)", .network, error)
        }
    }

    /// The network of this prefix length that `address` is in.
    ///
    /// - Throws: ``AddressError`` with `.prefixOutOfRange`, or `.unexpectedScope`.
    public init(containing address: IPAddress, prefixLength: Int) throws(AddressError) {
        do throws(AddressError.Reason) {
            self = try Self.check(address, prefixLength, strictly: false)
        } catch {
            throw AddressError("\(address)/\(prefixLength)", .network, error)
        }
    }

    /// The network of this prefix length that `address` is in, for lengths that are known to be right.
    init(masking address: IPAddress, prefixLength: Int) {
        let hostBits = Self.hostBits(width: address.bitWidth, prefixLength: prefixLength)
        self.address = address.replacing(bits: address.bits & ~hostBits)
        self.prefixLength = prefixLength
    }

    private static func check(
        _ address: IPAddress, _ prefixLength: Int, strictly: Bool
    ) throws(AddressError.Reason) -> IPNetwork {
        let allowed = 0...address.bitWidth
        guard allowed ~= prefixLength else { throw .prefixOutOfRange("\(prefixLength)", allowed: allowed) }
        if let scopeID = address.ipv6?.scopeID, scopeID != 0 { throw .unexpectedScope("\(scopeID)") }
        let network = IPNetwork(masking: address, prefixLength: prefixLength)
        guard !strictly || network.address == address else { throw .hostBitsSet(network: network.description) }
        return network
    }

    /// The bits behind the prefix, all set.
    private static func hostBits(width: Int, prefixLength: Int) -> UInt128 {
        (1 << UInt128(width - prefixLength)) &- 1
    }

    private var hostBits: UInt128 { Self.hostBits(width: address.bitWidth, prefixLength: prefixLength) }
}

// MARK: - Addresses of the network

extension IPNetwork {
    /// The prefix as an address: 255.255.0.0 for a /16.
    public var netmask: IPAddress { address.replacing(bits: ~hostBits) }

    /// The netmask's complement, as access lists write it: 0.0.255.255 for a /16.
    public var hostmask: IPAddress { address.replacing(bits: hostBits) }

    /// The last address.
    public var lastAddress: IPAddress { address.replacing(bits: address.bits | hostBits) }

    /// The address that reaches every host of the network, or nil where there is none: in IPv6, and in an IPv4 network
    /// of one or two addresses. RFC 919 §7, RFC 3021 §2.1.
    public var broadcast: IPv4Address? { prefixLength <= 30 ? lastAddress.ipv4 : nil }

    /// All addresses, from the first to the last.
    public var addresses: IPAddressRange { IPAddressRange(unchecked: address, lastAddress) }

    /// The addresses that hosts may have: in IPv4 all but the network's and the broadcast address, in IPv6 all but the
    /// first, which is the routers' anycast address; of a network of one or two addresses, all. RFC 3021 §2.1,
    /// RFC 4291 §2.6.1, RFC 6164 §5.
    public var hosts: IPAddressRange {
        guard prefixLength < address.bitWidth - 1 else { return addresses }
        let first = address.replacing(bits: address.bits | 1)
        let last = address.ipv4 == nil ? lastAddress : lastAddress.replacing(bits: lastAddress.bits & ~1)
        return IPAddressRange(unchecked: first, last)
    }

    /// How many addresses there are; nil for `::/0`, whose 2 to the 128th don't fit.
    public var count: UInt128? { addresses.count }
}

// MARK: - Networks and networks

extension IPNetwork {
    /// Whether `other` is one of the addresses. An address of the other family never is.
    public func contains(_ other: IPAddress) -> Bool {
        other.bitWidth == address.bitWidth && other.bits & ~hostBits == address.bits
    }

    /// Whether every address of this network is in `other`; a network is its own subnet.
    public func isSubnet(of other: IPNetwork) -> Bool {
        prefixLength >= other.prefixLength && other.contains(address)
    }

    /// Whether every address of `other` is in this network; a network is its own supernet.
    public func isSupernet(of other: IPNetwork) -> Bool { other.isSubnet(of: self) }

    /// Whether the two have an address in common, which means that one contains the other.
    public func overlaps(_ other: IPNetwork) -> Bool { isSubnet(of: other) || isSupernet(of: other) }

    /// The network of this length that this one is in.
    ///
    /// - Throws: ``AddressError`` with `.prefixOutOfRange` for a length below 0 or above this network's own.
    public func supernet(prefixLength: Int) throws(AddressError) -> IPNetwork {
        try check(prefixLength, in: 0...self.prefixLength)
        return IPNetwork(masking: address, prefixLength: prefixLength)
    }

    /// The network twice as large that this one is in; nil for /0.
    public var supernet: IPNetwork? {
        prefixLength > 0 ? IPNetwork(masking: address, prefixLength: prefixLength - 1) : nil
    }

    /// The networks of this length that make up this one, in order, made one by one as they are asked for.
    ///
    /// - Throws: ``AddressError`` with `.prefixOutOfRange` for a length below this network's own or above the family's.
    public func subnets(prefixLength: Int) throws(AddressError) -> Subnets {
        try check(prefixLength, in: self.prefixLength...address.bitWidth)
        return Subnets(of: self, prefixLength: prefixLength)
    }

    /// The fewest networks that hold every address of this one that is not in `other`, in order. None if `other`
    /// contains this network, and this one alone if they have nothing in common.
    public func excluding(_ other: IPNetwork) -> [IPNetwork] {
        guard other.isSubnet(of: self) else { return isSubnet(of: other) ? [] : [self] }
        // Split in halves towards `other`; the half that does not hold it stays.
        return (prefixLength..<other.prefixLength).map { length in
            let half = IPNetwork(masking: other.address, prefixLength: length + 1)
            return half.sibling
        }.sorted()
    }

    /// The other half of the network twice as large. There is one for any prefix length but 0.
    private var sibling: IPNetwork {
        IPNetwork(masking: address.replacing(bits: address.bits ^ (hostBits &+ 1)), prefixLength: prefixLength)
    }

    private func check(_ prefixLength: Int, in allowed: ClosedRange<Int>) throws(AddressError) {
        guard allowed ~= prefixLength else {
            throw AddressError(
                "\(address)/\(prefixLength)", .network, .prefixOutOfRange("\(prefixLength)", allowed: allowed))
        }
    }

    /// The fewest networks that hold the same addresses, in order, IPv4 first.
    ///
    /// Sorts: time in n log n for n networks.
    public static func collapsing(_ networks: some Sequence<IPNetwork>) -> [IPNetwork] {
        var ranges: [IPAddressRange] = []
        for network in networks.sorted() {
            if let open = ranges.last, let joined = open.joined(network.addresses) {
                ranges[ranges.count - 1] = joined
            } else {
                ranges.append(network.addresses)
            }
        }
        return ranges.flatMap(\.networks)
    }
}

extension IPNetwork: Comparable {
    /// Orders by the first address, then the larger network first.
    public static func < (left: IPNetwork, right: IPNetwork) -> Bool {
        (left.address, left.prefixLength) < (right.address, right.prefixLength)
    }
}

extension IPNetwork {
    /// The networks of one length that make up a larger one; see ``IPNetwork/subnets(prefixLength:)``.
    public struct Subnets: Sequence, Sendable {
        private let prefixLength: Int
        private let stride: UInt128
        private let last: UInt128
        private var upcoming: IPAddress?

        fileprivate init(of network: IPNetwork, prefixLength: Int) {
            self.prefixLength = prefixLength
            let final = IPNetwork(masking: network.lastAddress, prefixLength: prefixLength)
            stride = final.hostBits &+ 1
            last = final.address.bits
            upcoming = network.address
        }
    }
}

extension IPNetwork.Subnets: IteratorProtocol {
    /// The next network, nil behind the last one.
    public mutating func next() -> IPNetwork? {
        guard let address = upcoming else { return nil }
        upcoming = address.bits == last ? nil : address.replacing(bits: address.bits &+ stride)
        return IPNetwork(masking: address, prefixLength: prefixLength)
    }
}
