// SPDX-License-Identifier: Apache-2.0
import Glibc

// The border to C: the only place that knows how the kernel lays addresses out. Bytes in, bytes out, so that no C type
// shows in a signature, and lengths are checked before anything is read.

extension SocketAddress {
    /// The family that a socket for this address needs.
    public var family: AddressFamily {
        switch self {
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        case .unix: .unix
        case .other(let family, _): AddressFamily(rawValue: family)
        }
    }

    /// Calls `body` with the address as the kernel wants it, exact in length. The memory is gone when `body` returns.
    ///
    /// Nothing is allocated for an IP address.
    package func withSystemBytes<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        switch self {
        case .ipv4(let address, let port):
            var system = sockaddr_in()
            system.sin_family = sa_family_t(AF_INET)
            system.sin_port = port.rawValue.bigEndian
            system.sin_addr.s_addr = address.rawValue.bigEndian
            return try unsafe withUnsafeBytes(of: &system, body)
        case .ipv6(let address, let port, let flowInfo):
            var system = sockaddr_in6()
            system.sin6_family = sa_family_t(AF_INET6)
            system.sin6_port = port.rawValue.bigEndian
            system.sin6_flowinfo = flowInfo.bigEndian
            system.sin6_scope_id = address.scopeID
            unsafe withUnsafeMutableBytes(of: &system.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: address.rawValue.bigEndian, as: UInt128.self)
            }
            return try unsafe withUnsafeBytes(of: &system, body)
        case .unix(let address):
            let bytes = Self.familyBytes(AF_UNIX) + address.systemName
            return try unsafe bytes.span.bytes.withUnsafeBytes(body)
        case .other(let family, let tail):
            let bytes = Self.familyBytes(family) + tail
            return try unsafe bytes.span.bytes.withUnsafeBytes(body)
        }
    }

    /// The address that the kernel wrote into these bytes. What is cut short or unknown becomes
    /// ``other(family:bytes:)``.
    package init(systemBytes bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.familyLength else {
            self = .other(family: AF_UNSPEC, bytes: unsafe Array(bytes))
            return
        }
        let family = Int32(unsafe bytes.loadUnaligned(as: sa_family_t.self))
        switch family {
        case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
            let system = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
            self = .ipv4(
                IPv4Address(rawValue: UInt32(bigEndian: system.sin_addr.s_addr)),
                Port(rawValue: UInt16(bigEndian: system.sin_port)))
        case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
            let system = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
            let rawValue = unsafe withUnsafeBytes(of: system.sin6_addr) { unsafe $0.loadUnaligned(as: UInt128.self) }
            self = .ipv6(
                IPv6Address(rawValue: UInt128(bigEndian: rawValue), scopeID: system.sin6_scope_id),
                Port(rawValue: UInt16(bigEndian: system.sin6_port)), flowInfo: UInt32(bigEndian: system.sin6_flowinfo))
        case AF_UNIX:
            let tail = unsafe Array(bytes.dropFirst(Self.familyLength))
            self = UnixAddress(systemName: tail).map(SocketAddress.unix) ?? .other(family: family, bytes: tail)
        default:
            self = .other(family: family, bytes: unsafe Array(bytes.dropFirst(Self.familyLength)))
        }
    }

    private static let familyLength = MemoryLayout<sa_family_t>.size

    private static func familyBytes(_ family: Int32) -> [UInt8] {
        unsafe withUnsafeBytes(of: sa_family_t(truncatingIfNeeded: family)) { unsafe Array($0) }
    }
}

extension UnixAddress {
    /// What stands in `sun_path`: unix(7) tells the three kinds apart by length and first byte.
    fileprivate var systemName: [UInt8] {
        switch kind {
        case .unnamed: []
        case .path: bytes + [0]
        case .abstract: [0] + bytes
        }
    }

    /// nil for a path of 108 bytes, which Linux permits without a NUL and no other program can name.
    fileprivate init?(systemName name: [UInt8]) {
        let address: UnixAddress? =
            switch name.first {
            case nil: .unnamed
            case 0: try? UnixAddress(abstract: Array(name.dropFirst()))
            default: try? UnixAddress(path: Array(name.prefix { $0 != 0 }))
            }
        guard let address else { return nil }
        self = address
    }
}
