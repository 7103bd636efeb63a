// SPDX-License-Identifier: Apache-2.0
import CSockets

extension Socket {
    /// Joins a multicast group: from now on its datagrams arrive here. Joining with a source takes only what that one
    /// sends; join again for each further source.
    ///
    /// - Throws: `.invalid` for an address that is no multicast group; `.system` with `EADDRINUSE` when joined already.
    ///
    /// C: `MCAST_JOIN_GROUP`, `MCAST_JOIN_SOURCE_GROUP`. RFC 3678 §5.1.
    public func join(_ membership: MulticastMembership) throws(SocketError) {
        try change(membership, MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP, "join")
    }

    /// Leaves a multicast group, or one source of it.
    ///
    /// - Throws: `.system` with `EADDRNOTAVAIL` when it was not joined.
    ///
    /// C: `MCAST_LEAVE_GROUP`, `MCAST_LEAVE_SOURCE_GROUP`.
    public func leave(_ membership: MulticastMembership) throws(SocketError) {
        try change(membership, MCAST_LEAVE_GROUP, MCAST_LEAVE_SOURCE_GROUP, "leave")
    }

    private func change(
        _ membership: MulticastMembership, _ anySource: CInt, _ oneSource: CInt, _ verb: String
    ) throws(SocketError) {
        guard membership.group.isMulticast else {
            throw SocketError(.setOption, .invalid("\(membership.group) is no multicast group"), subject: verb)
        }
        let level = if case .v4 = membership.group { CInt(IPPROTO_IP) } else { CInt(IPPROTO_IPV6) }
        let name = membership.source == nil ? anySource : oneSource
        try set(SocketOption(level, name, "\(verb) \(membership.group)"), to: membership)
    }
}
