// SPDX-License-Identifier: Apache-2.0
import CSockets

/// How long closing a socket waits for bytes that the peer has not taken yet.
///
/// C: `struct linger`, `socket(7)`.
public struct Linger: SocketOptionValue, Hashable {
    /// Whether closing waits at all. With true and no seconds, closing resets the connection.
    public let isOn: Bool
    /// How long, in whole seconds.
    public let seconds: Int

    /// Closing returns at once and the system goes on sending: the default.
    public static let off = Linger(isOn: false, seconds: 0)
    /// Closing resets the connection and throws away what is unsent.
    public static let reset = Linger(isOn: true, seconds: 0)
    /// Closing blocks for at most so many seconds.
    public static func wait(seconds: Int) -> Linger { Linger(isOn: true, seconds: seconds) }

    private init(isOn: Bool, seconds: Int) {
        self.isOn = isOn
        self.seconds = seconds
    }

    /// A C `struct linger`.
    public static var systemSize: Int { MemoryLayout<linger>.size }
    /// A C `struct linger`.
    public init?(systemBytes: [UInt8]) {
        guard let value = Layout.read(linger.self, from: systemBytes) else { return nil }
        self.init(isOn: value.l_onoff != 0, seconds: Int(value.l_linger))
    }
    /// A C `struct linger`; nil for a number of seconds that it can't hold.
    public var systemBytes: [UInt8]? {
        guard let seconds = CInt(exactly: seconds), seconds >= 0 else { return nil }
        return Layout.bytes(of: linger(l_onoff: isOn ? 1 : 0, l_linger: seconds))
    }
}

/// Who is at the other end of a UNIX socket, as the kernel vouches for it.
///
/// C: `struct ucred`, `unix(7)`.
public struct PeerCredentials: SocketOptionValue, Hashable {
    /// The process.
    public let process: Int32
    /// Its effective user.
    public let user: UInt32
    /// Its effective group.
    public let group: UInt32

    /// Credentials to send; the kernel refuses false ones from whoever is not root.
    public init(process: Int32, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }

    /// This process's own credentials.
    public static var own: PeerCredentials { PeerCredentials(process: getpid(), user: geteuid(), group: getegid()) }

    /// A C `struct ucred`.
    public static var systemSize: Int { MemoryLayout<nw_credentials>.size }
    /// A C `struct ucred`.
    public init?(systemBytes: [UInt8]) {
        guard let value = Layout.read(nw_credentials.self, from: systemBytes) else { return nil }
        self.init(process: value.process, user: value.user, group: value.group)
    }
    /// A C `struct ucred`.
    public var systemBytes: [UInt8]? { Layout.bytes(of: nw_credentials(process: process, user: user, group: group)) }
}

/// A multicast group to join or to leave, on which interface, and from which source if only from one.
///
/// C: `struct group_req`, `struct group_source_req`, RFC 3678 §5.1.
public struct MulticastMembership: SocketOptionValue, Hashable {
    /// The group.
    public let group: IPAddress
    /// The interface's index; 0 lets the system choose.
    public let interface: UInt32
    /// Only what this address sends; nil for everybody.
    public let source: IPAddress?

    /// A membership.
    public init(group: IPAddress, interface: UInt32 = 0, source: IPAddress? = nil) {
        self.group = group
        self.interface = interface
        self.source = source
    }

    /// A C `struct group_source_req`.
    public static var systemSize: Int { MemoryLayout<group_source_req>.size }
    /// Memberships can't be read back.
    public init?(systemBytes: [UInt8]) { nil }
    /// A C `struct group_req` or `group_source_req`.
    public var systemBytes: [UInt8]? {
        guard let source else {
            return Layout.bytes(of: group_req(gr_interface: interface, gr_group: Self.storage(group)))
        }
        return Layout.bytes(
            of: group_source_req(
                gsr_interface: interface, gsr_group: Self.storage(group), gsr_source: Self.storage(source)))
    }

    private static func storage(_ address: IPAddress) -> sockaddr_storage {
        var storage = sockaddr_storage()
        unsafe SocketAddress(address, 0).withSystemBytes { bytes in
            unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyMemory(from: bytes) }
        }
        return storage
    }
}

/// The interface and address that multicast datagrams leave by.
///
/// C: `struct ip_mreqn`, `ip(7)`.
public struct MulticastInterface: SocketOptionValue, Hashable {
    /// The interface's index; 0 to go by the address.
    public let index: UInt32
    /// The local address; `.any` to go by the index.
    public let address: IPv4Address

    /// By index, by address, or both.
    public init(index: UInt32, address: IPv4Address = .any) {
        self.index = index
        self.address = address
    }

    /// A C `struct ip_mreqn`.
    public static var systemSize: Int { MemoryLayout<UInt32>.size }
    /// The address is all that the system tells.
    public init?(systemBytes: [UInt8]) {
        guard let value = Layout.read(UInt32.self, from: systemBytes) else { return nil }
        self.init(index: 0, address: IPv4Address(rawValue: UInt32(bigEndian: value)))
    }
    /// A C `struct ip_mreqn`; nil for an index that it can't hold.
    public var systemBytes: [UInt8]? {
        guard let index = CInt(exactly: index) else { return nil }
        return Layout.bytes(
            of: nw_multicast_interface(group: 0, address: address.rawValue.bigEndian, interface: index))
    }
}
