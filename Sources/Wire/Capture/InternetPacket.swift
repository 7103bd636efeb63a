// SPDX-License-Identifier: Apache-2.0

/// A packet as it would have looked on a wire: headers made up round bytes that were seen some other way, at a proxy or
/// in a simulation. All lengths and checksums are right.
///
/// RFC 791, RFC 8200, RFC 768, RFC 9293.
public struct InternetPacket: Hashable, Sendable {
    /// One end of a packet's way.
    public struct End: Hashable, Sendable {
        /// 4 bytes of an IPv4 address, or 16 of an IPv6 one.
        public let address: [UInt8]
        /// The port.
        public let port: UInt16

        /// An end.
        ///
        /// - Precondition: the address has 4 bytes or 16.
        public init(address: [UInt8], port: UInt16) {
            precondition(address.count == 4 || address.count == 16, "an address has 4 bytes or 16")
            self.address = address
            self.port = port
        }
    }

    /// What a TCP header says besides its numbers: RFC 9293 §3.1.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits of the header.
        public let rawValue: UInt8
        /// Flags from the header's bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Nothing more comes.
        public static let end = Flags(rawValue: 1)
        /// A connection begins.
        public static let synchronize = Flags(rawValue: 2)
        /// The connection is thrown away.
        public static let reset = Flags(rawValue: 4)
        /// The receiver should have it at once.
        public static let push = Flags(rawValue: 8)
        /// The acknowledgement number counts.
        public static let acknowledge = Flags(rawValue: 16)
    }

    /// The packet, from the first byte of its IP header.
    public let bytes: [UInt8]

    /// The most bytes that a TCP packet between such ends can carry.
    public static func longestSegment(to end: End) -> Int { end.address.count == 4 ? 65_495 : 65_515 }

    /// A UDP datagram.
    ///
    /// - Precondition: the ends are of one family, and the payload fits: 65,507 bytes with IPv4, 65,527 with IPv6.
    public static func udp(from source: End, to destination: End, _ payload: [UInt8]) -> InternetPacket {
        let length = UInt16(8 + payload.count)
        let header = words(source.port, destination.port, length, 0)
        return InternetPacket(17, source, destination, header + payload, checksumAt: 6)
    }

    /// A TCP segment without options.
    ///
    /// - Parameters:
    ///   - sequence: the number of the payload's first byte.
    ///   - acknowledgement: the number of the byte that is expected next.
    /// - Precondition: the ends are of one family, and the payload has at most ``longestSegment(to:)`` bytes.
    public static func tcp(
        from source: End, to destination: End, flags: Flags, sequence: UInt32, acknowledgement: UInt32,
        _ payload: [UInt8]
    ) -> InternetPacket {
        var header = words(source.port, destination.port)
        header += words(UInt16(sequence >> 16), UInt16(truncatingIfNeeded: sequence))
        header += words(UInt16(acknowledgement >> 16), UInt16(truncatingIfNeeded: acknowledgement))
        // Five words of header, the flags, the widest window; then the checksum and no urgent byte.
        header += [5 << 4, flags.rawValue] + words(.max, 0, 0)
        return InternetPacket(6, source, destination, header + payload, checksumAt: 16)
    }

    private init(_ number: UInt8, _ source: End, _ destination: End, _ body: [UInt8], checksumAt place: Int) {
        precondition(source.address.count == destination.address.count, "both ends are of one family")
        precondition(body.count <= (source.address.count == 4 ? 65_515 : 65_535), "a packet has 65,535 bytes at most")
        var body = body
        let pseudo = source.address + destination.address + Self.words(UInt16(body.count), UInt16(number))
        var sum = Self.checksum(pseudo + body)
        // RFC 768: no checksum at all is written as zero, so that a zero is written the other way.
        if sum == 0 && number == 17 { sum = .max }
        body[place] = UInt8(sum >> 8)
        body[place + 1] = UInt8(truncatingIfNeeded: sum)
        bytes = Self.header(number, source.address, destination.address, length: body.count) + body
    }

    private static func header(_ number: UInt8, _ source: [UInt8], _ target: [UInt8], length: Int) -> [UInt8] {
        // A hop limit of 64, as Linux has it.
        if source.count == 16 {
            return [6 << 4, 0, 0, 0] + words(UInt16(length)) + [number, 64] + source + target
        }
        // Five words, no identification, and not to be fragmented.
        var header = [4 << 4 | 5, 0] + words(UInt16(20 + length), 0, 0x4000) + [64, number, 0, 0] + source + target
        let sum = checksum(header)
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(truncatingIfNeeded: sum)
        return header
    }

    private static func words(_ words: UInt16...) -> [UInt8] {
        words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }

    /// The complement of the sum in ones' complement: RFC 1071.
    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt64 = 0
        for (place, byte) in bytes.enumerated() { sum += place.isMultiple(of: 2) ? UInt64(byte) << 8 : UInt64(byte) }
        while sum >> 16 != 0 { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
