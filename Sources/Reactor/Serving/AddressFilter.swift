// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Who may come, by address: networks that are allowed and networks that are denied.
///
/// ```swift
/// var limits = Server.Limits()
/// limits.addresses = try AddressFilter(allowing: ["10.0.0.0/8", "2001:db8::/32"], denying: ["10.66.0.0/16"])
/// ```
/// What is denied is denied, whatever else is allowed; where anything is allowed, everything else is denied. An IPv4
/// address that came by an IPv6 socket (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is the IPv4 address that it is, on both
/// sides, so that nobody gets round a rule by the other family. Scopes play no part.
///
/// The rules are about addresses of IPv4 and IPv6. A UNIX peer passes: who may open the path is the file system's to
/// say. A peer without a known address passes only where nothing is allowed by name.
public struct AddressFilter: Hashable, Sendable {
    /// Who may come; everybody where it is empty.
    public let allowed: [IPNetwork]
    /// Who may not.
    public let denied: [IPNetwork]

    /// Lets everybody in.
    public static let everybody = AddressFilter()

    /// A filter of networks.
    public init(allowing allowed: [IPNetwork] = [], denying denied: [IPNetwork] = []) {
        self.allowed = allowed.map(\.unmapped)
        self.denied = denied.map(\.unmapped)
    }

    /// A filter of networks in text, each an address with or without a prefix length: `192.0.2.7`, `2001:db8::/32`.
    ///
    /// - Throws: ``AddressError`` for the first that is none.
    public init(allowing allowed: [String], denying denied: [String] = []) throws(AddressError) {
        self.init(allowing: try Self.networks(allowed), denying: try Self.networks(denied))
    }

    private static func networks(_ texts: [String]) throws(AddressError) -> [IPNetwork] {
        var networks: [IPNetwork] = []
        for text in texts { networks.append(try IPNetwork(text)) }
        return networks
    }

    /// Whether somebody with this address may come.
    public func admits(_ address: IPAddress) -> Bool {
        let address = address.unmapped
        if denied.contains(where: { $0.contains(address) }) { return false }
        return allowed.isEmpty || allowed.contains { $0.contains(address) }
    }

    /// Whether this peer may come.
    public func admits(_ peer: SocketAddress?) -> Bool {
        if let ip = peer?.ip { return admits(ip) }
        return allowed.isEmpty || peer?.family == .unix
    }
}

extension IPNetwork {
    /// A block of IPv4 addresses that is written as one of IPv6 is the block of IPv4.
    fileprivate var unmapped: IPNetwork {
        guard prefixLength >= 96, case .v4(let inner) = address.unmapped,
            let network = try? IPNetwork(.v4(inner), prefixLength: prefixLength - 96)
        else { return self }
        return network
    }
}
