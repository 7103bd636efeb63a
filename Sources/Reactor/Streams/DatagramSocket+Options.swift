// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Groups.
extension DatagramSocket {
    /// Joins a multicast group: from now on its datagrams arrive here. With a source only what that address sends; join
    /// again for each further one.
    ///
    /// A socket that ``withDatagramSocket(on:options:loop:_:)`` opened hears the groups that it joined, and not those
    /// that other programs did.
    ///
    /// - Parameters:
    ///   - interface: the name of the interface to hear it by; the system chooses for nil.
    ///   - source: for source-specific multicast, RFC 4607.
    /// - Throws: `.invalid` for an address that is no group, or an interface that is not there;
    ///   ``SocketError/isAddressInUse`` when it was joined already; `.closed`, `.cancelled`.
    ///
    /// C: `MCAST_JOIN_GROUP`, `MCAST_JOIN_SOURCE_GROUP`. RFC 3678 §5.1, RFC 3376, RFC 3810.
    public nonisolated(nonsending) func join(
        _ group: IPAddress, on interface: String? = nil, from source: IPAddress? = nil
    ) async throws(SocketError) {
        let membership = try MulticastMembership(group: group, on: interface, from: source)
        try await loop.run { [transport] () throws(SocketError) in try transport.join(membership) }
    }

    /// Leaves a multicast group, or one source of it: the same arguments as those it was joined with.
    ///
    /// - Throws: ``SocketError/isAddressNotAvailable`` when it was not joined; otherwise as ``join(_:on:from:)``.
    ///
    /// C: `MCAST_LEAVE_GROUP`, `MCAST_LEAVE_SOURCE_GROUP`.
    public nonisolated(nonsending) func leave(
        _ group: IPAddress, on interface: String? = nil, from source: IPAddress? = nil
    ) async throws(SocketError) {
        let membership = try MulticastMembership(group: group, on: interface, from: source)
        try await loop.run { [transport] () throws(SocketError) in try transport.leave(membership) }
    }

    /// Lets datagrams to groups leave by this interface, by name; nil for the one that routing names.
    ///
    /// - Throws: `.invalid` for an interface that is not there; `.unsupported` where there are no interfaces.
    ///
    /// C: `IP_MULTICAST_IF`, `IPV6_MULTICAST_IF`.
    public nonisolated(nonsending) func setMulticastInterface(_ name: String?) async throws(SocketError) {
        let index = try name.map { name throws(SocketError) in try InterfaceIndex.of(name) } ?? 0
        try await setBoth(
            .multicastInterface, to: MulticastInterface(index: index), .ipv6MulticastInterface, to: Int(index))
    }

    /// How many routers a datagram to a group may pass: 0 stays on this machine, 1 (as it is at first) on its networks.
    ///
    /// - Throws: `.system` with `EINVAL` for a number that is not from 0 to 255.
    ///
    /// C: `IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`.
    public nonisolated(nonsending) func setMulticastTimeToLive(_ hops: Int) async throws(SocketError) {
        try await setBoth(.multicastTimeToLive, to: hops, .ipv6MulticastHops, to: hops)
    }

    /// Whether this machine hears what this socket sends to groups; at first it does.
    ///
    /// C: `IP_MULTICAST_LOOP`, `IPV6_MULTICAST_LOOP`.
    public nonisolated(nonsending) func setMulticastLoopback(_ isHeard: Bool) async throws(SocketError) {
        try await setBoth(.multicastLoopback, to: isHeard, .ipv6MulticastLoopback, to: isHeard)
    }
}

/// Options.
extension DatagramSocket {
    /// How many routers any other datagram may pass.
    ///
    /// - Throws: `.system` with `EINVAL` for a number that is not from 1 to 255.
    ///
    /// C: `IP_TTL`, `IPV6_UNICAST_HOPS`.
    public nonisolated(nonsending) func setTimeToLive(_ hops: Int) async throws(SocketError) {
        try await setBoth(.timeToLive, to: hops, .ipv6UnicastHops, to: hops)
    }

    /// Allows datagrams to broadcast addresses, or denies them; they are denied at first.
    ///
    /// C: `SO_BROADCAST`.
    public nonisolated(nonsending) func allowBroadcast(_ isAllowed: Bool = true) async throws(SocketError) {
        try await loop.run { [transport] () throws(SocketError) in try transport.allowBroadcast(isAllowed) }
    }

    /// Changes any option of the system's.
    ///
    /// - Throws: as ``Socket/set(_:to:)``; `.unsupported` where no socket of the system's is behind this.
    ///
    /// C: `setsockopt(2)`.
    public nonisolated(nonsending) func set<Value>(
        _ option: SocketOption<Value>, to value: Value
    ) async throws(SocketError) {
        try await loop.run { [transport] () throws(SocketError) in try transport.set(option, to: value) }
    }

    /// Reads any option of the system's.
    ///
    /// - Throws: as ``set(_:to:)``.
    ///
    /// C: `getsockopt(2)`.
    public nonisolated(nonsending) func value<Value>(
        of option: SocketOption<Value>
    ) async throws(SocketError) -> Value {
        try await loop.run { [transport] () throws(SocketError) in try transport.value(of: option) }
    }

    /// A socket of IPv6 that serves IPv4 too has both options, and each counts for its own datagrams.
    private nonisolated(nonsending) func setBoth<Value, Other>(
        _ ipv4: SocketOption<Value>, to value: Value, _ ipv6: SocketOption<Other>, to other: Other
    ) async throws(SocketError) {
        try await loop.run { [transport] () throws(SocketError) in
            if transport.localAddress.family == .ipv6 { try transport.set(ipv6, to: other) }
            try transport.set(ipv4, to: value)
        }
    }
}

/// Names of interfaces to numbers.
enum InterfaceIndex {
    static func of(_ name: String) throws(SocketError) -> UInt32 {
        do throws(InterfaceError) { return try NetworkInterface.index(of: name) } catch {
            throw SocketError(.setOption, .invalid("\(error)"))
        }
    }
}

extension MulticastMembership {
    fileprivate init(group: IPAddress, on interface: String?, from source: IPAddress?) throws(SocketError) {
        let index = try interface.map { name throws(SocketError) in try InterfaceIndex.of(name) } ?? 0
        self.init(group: group, interface: index, source: source)
    }
}
