// SPDX-License-Identifier: Apache-2.0

/// The addresses of one family from a first to a last, both included, made one by one as they are asked for.
public struct IPAddressRange: Hashable, Sendable {
    /// The lowest address.
    public let first: IPAddress
    /// The highest address.
    public let last: IPAddress

    /// The addresses from `first` to `last`.
    ///
    /// - Throws: ``AddressError`` with `.notARange` if the families differ or `first` is above `last`,
    ///   `.unexpectedScope` if one has a scope.
    public init(_ first: IPAddress, _ last: IPAddress) throws(AddressError) {
        for scopeID in [first, last].compactMap(\.ipv6?.scopeID) where scopeID != 0 {
            throw AddressError("\(first)-\(last)", .addressRange, .unexpectedScope("\(scopeID)"))
        }
        guard first.bitWidth == last.bitWidth, first <= last else {
            throw AddressError("\(first)-\(last)", .addressRange, .notARange)
        }
        self.init(unchecked: first, last)
    }

    init(unchecked first: IPAddress, _ last: IPAddress) {
        self.first = first
        self.last = last
    }

    /// How many addresses there are; nil for all of IPv6, whose 2 to the 128th don't fit.
    public var count: UInt128? {
        let (count, overflow) = (last.bits - first.bits).addingReportingOverflow(1)
        return overflow ? nil : count
    }

    /// Whether `address` is one of them. Its scope plays no part.
    public func contains(_ address: IPAddress) -> Bool {
        address.bitWidth == first.bitWidth && first.bits...last.bits ~= address.bits
    }

    /// The fewest networks that hold exactly these addresses, in order; at most twice as many as an address has bits.
    public var networks: [IPNetwork] {
        var networks: [IPNetwork] = []
        var bits = first.bits
        while true {
            let network = largestNetwork(at: bits)
            networks.append(network)
            let end = network.lastAddress.bits
            guard end < last.bits else { return networks }
            bits = end + 1
        }
    }

    /// The largest network that begins at `bits` and does not go beyond the last address.
    private func largestNetwork(at bits: UInt128) -> IPNetwork {
        let width = first.bitWidth
        let aligned = Swift.min(bits.trailingZeroBitCount, width)
        let (left, overflow) = (last.bits - bits).addingReportingOverflow(1)
        let fitting = overflow ? width : 127 - left.leadingZeroBitCount
        return IPNetwork(masking: first.replacing(bits: bits), prefixLength: width - Swift.min(aligned, fitting))
    }

    /// Both ranges as one if they overlap or touch. `other` must not begin before this range.
    func joined(_ other: IPAddressRange) -> IPAddressRange? {
        guard other.first.bitWidth == first.bitWidth else { return nil }
        let (next, overflow) = last.bits.addingReportingOverflow(1)
        guard overflow || other.first.bits <= next else { return nil }
        return IPAddressRange(unchecked: first, Swift.max(last, other.last))
    }
}

extension IPAddressRange: Sequence {
    /// Gives the addresses one by one.
    public struct Iterator: IteratorProtocol, Sendable {
        fileprivate var upcoming: IPAddress?
        fileprivate let last: IPAddress

        /// The next address, nil behind the last one.
        public mutating func next() -> IPAddress? {
            guard let address = upcoming else { return nil }
            upcoming = address == last ? nil : address.replacing(bits: address.bits &+ 1)
            return address
        }
    }

    /// An iterator that begins at ``first``.
    public func makeIterator() -> Iterator { Iterator(upcoming: first, last: last) }

    /// 0: a hint of more would make a collection reserve memory for 2 to the 64th addresses.
    public var underestimatedCount: Int { 0 }
}

extension IPAddressRange: CustomStringConvertible {
    /// The first and the last address: `10.0.0.1-10.0.0.6`.
    public var description: String { "\(first)-\(last)" }
}
