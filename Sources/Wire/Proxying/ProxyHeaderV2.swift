// SPDX-License-Identifier: Apache-2.0

/// The binary form: a signature, the kind, a length, addresses, and pieces with type and length.
enum ProxyHeaderV2 {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    /// The signature, two bytes of kind and the length.
    static let fixedLength = 16

    private static let checksumType: UInt8 = 3
    private static let unixLength = 108

    /// The kinds that there are: family and carrier. 0 says nothing of either.
    private static let kinds: Set<UInt8> = [0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32]

    /// Refuses a version, a command or a family that there is not, as soon as its byte has come.
    static func checkKind(of buffer: borrowing ByteBuffer) throws(FramingError.Reason) {
        if buffer.count > 12, buffer[12] != 0x20, buffer[12] != 0x21 {
            throw .malformed("0x\(String(buffer[12], radix: 16)) is neither LOCAL nor PROXY of version 2")
        }
        if buffer.count > 13, !kinds.contains(buffer[13]) {
            throw .malformed("0x\(String(buffer[13], radix: 16)) is no family with a carrier")
        }
    }

    /// How many bytes the header at the front has; nil while that has not come.
    static func length(of buffer: borrowing ByteBuffer) -> Int? {
        buffer.integer(at: fixedLength - 2, as: UInt16.self).map { fixedLength + Int($0) }
    }

    /// Reads a whole header whose kind was checked.
    static func header(in bytes: [UInt8]) throws(FramingError.Reason) -> ProxyHeader {
        // Of a proxy that speaks for itself, and of what says nothing, the rest is to be skipped.
        if bytes[12] == 0x20 { return .local }
        guard let carrier = ProxyHeader.Carrier(rawValue: bytes[13] & 0x0F) else { return ProxyHeader(.v2, .unknown) }
        var rest = ByteBuffer(bytes[fixedLength...])
        let addresses = try addresses(ofFamily: bytes[13] >> 4, &rest)
        let extras = try extras(rest.array(0..<rest.count), of: bytes)
        return ProxyHeader(.v2, addresses, carrier: carrier, extras: extras)
    }

    private static func addresses(
        ofFamily family: UInt8, _ rest: inout ByteBuffer
    ) throws(FramingError.Reason) -> ProxyHeader.Addresses {
        switch family {
        case 1:
            if let source = rest.takeInteger(as: UInt32.self), let destination = rest.takeInteger(as: UInt32.self),
                let ports = ports(&rest)
            {
                return .internet(
                    source: .init(.v4(source), ports.source), destination: .init(.v4(destination), ports.destination))
            }
        case 2:
            if let source = rest.takeInteger(as: UInt128.self), let destination = rest.takeInteger(as: UInt128.self),
                let ports = ports(&rest)
            {
                return .internet(
                    source: .init(.v6(source), ports.source), destination: .init(.v6(destination), ports.destination))
            }
        default:
            if rest.count >= 2 * unixLength {
                let (source, destination) = (rest.take(unixLength), rest.take(unixLength))
                return .unix(source: unpadded(source), destination: unpadded(destination))
            }
        }
        throw .malformed("it is too short for the addresses of its family")
    }

    private static func ports(_ rest: inout ByteBuffer) -> (source: UInt16, destination: UInt16)? {
        guard let source = rest.takeInteger(as: UInt16.self), let destination = rest.takeInteger(as: UInt16.self)
        else { return nil }
        return (source, destination)
    }

    /// A path ends at its first zero byte; an abstract name, which begins with one, where only zeros are left.
    private static func unpadded(_ name: [UInt8]) -> [UInt8] {
        if name.first != 0 { return Array(name.prefix { $0 != 0 }) }
        let last = name.lastIndex { $0 != 0 } ?? -1
        return Array(name.prefix(last + 1))
    }

    private static func extras(
        _ pieces: [UInt8], of header: [UInt8]
    ) throws(FramingError.Reason) -> [ProxyHeader.Extra] {
        var rest = ByteBuffer(pieces)
        var extras: [ProxyHeader.Extra] = []
        while !rest.isEmpty {
            guard let type = rest.takeInteger(as: UInt8.self), let length = rest.takeInteger(as: UInt16.self),
                rest.count >= Int(length)
            else { throw .malformed("a piece at its end is not whole") }
            let end = header.count - rest.count
            let value = rest.take(Int(length))
            if type == checksumType { try check(value, at: end, in: header) }
            extras.append(.init(type: type, value: value))
        }
        return extras
    }

    /// A checksum is that of the header with zeros in the checksum's own place. §2.2.3.
    private static func check(_ sum: [UInt8], at offset: Int, in header: [UInt8]) throws(FramingError.Reason) {
        guard sum.count == 4 else { throw .malformed("a checksum of \(sum.count) bytes") }
        var blanked = header
        for index in offset..<offset + 4 { blanked[index] = 0 }
        let stated = sum.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard CRC32C.checksum(of: blanked) == stated else { throw .malformed("its checksum is wrong") }
    }

    // MARK: Writing

    static func bytes(of header: ProxyHeader) throws(FramingError.Reason) -> [UInt8] {
        var body = ByteBuffer()
        let family = try append(header.addresses, to: &body)
        if family == 0, header.carrier != .stream || !header.extras.isEmpty {
            throw .malformed("what has no addresses says nothing else")
        }
        var sums: [Int] = []
        for extra in header.extras {
            guard let length = UInt16(exactly: extra.value.count) else { throw .tooLong(limit: Int(UInt16.max)) }
            body.append(extra.type)
            body.append(integer: length)
            if extra.type == checksumType {
                guard length == 4 else { throw .malformed("a checksum of \(length) bytes") }
                sums.append(fixedLength + body.count)
            }
            body.append(contentsOf: extra.type == checksumType ? [0, 0, 0, 0] : extra.value)
        }
        guard let length = UInt16(exactly: body.count) else { throw .tooLong(limit: Int(UInt16.max)) }
        guard sums.count <= 1 else { throw .malformed("\(sums.count) checksums") }
        var head = ByteBuffer(signature)
        head.append(header.isLocal ? 0x20 : 0x21)
        head.append(family == 0 ? 0 : family << 4 | header.carrier.rawValue)
        head.append(integer: length)
        var bytes = head.array(0..<head.count) + body.array(0..<body.count)
        if let offset = sums.first {
            let sum = CRC32C.checksum(of: bytes)
            for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * index)) }
        }
        return bytes
    }

    /// Appends addresses, and returns the number of their family.
    private static func append(
        _ addresses: ProxyHeader.Addresses, to body: inout ByteBuffer
    ) throws(FramingError.Reason) -> UInt8 {
        switch addresses {
        case .unknown: return 0
        case .internet(let source, let destination):
            let family: UInt8
            switch (source.address, destination.address) {
            case (.v4(let first), .v4(let second)):
                family = 1
                body.append(integer: first)
                body.append(integer: second)
            case (.v6(let first), .v6(let second)):
                family = 2
                body.append(integer: first)
                body.append(integer: second)
            default: throw .malformed("addresses of two families")
            }
            body.append(integer: source.port)
            body.append(integer: destination.port)
            return family
        case .unix(let source, let destination):
            for name in [source, destination] {
                guard name.count <= unixLength, unpadded(name) == name else {
                    throw .malformed("a UNIX name of \(name.count) bytes that can't be padded")
                }
                body.append(contentsOf: name + Array(repeating: 0, count: unixLength - name.count))
            }
            return 3
        }
    }
}

/// The checksum of Castagnoli's polynomial. RFC 3720 §12.1.
enum CRC32C {
    static func checksum(of bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0x82F6_3B78 }
        }
        return ~sum
    }
}
