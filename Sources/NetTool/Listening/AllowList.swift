// SPDX-License-Identifier: Apache-2.0
import Sockets

/// A network as it is written on a command line: `192.168.1.0/24`, `10.0.0.7`, `fd00::/8`.
struct NetworkName: Sendable {
    let network: IPNetwork

    /// - Throws: ``AddressError`` that quotes the text.
    init(_ text: String) throws(AddressError) { network = try IPNetwork(text) }
}

/// Who may come: `--allow` and `--deny`.
struct AllowList: Sendable {
    let allowed: [IPNetwork]
    let denied: [IPNetwork]

    /// Whether it names who may come.
    var isFilter: Bool { !allowed.isEmpty }

    /// Whether this address may come: one that is denied may not; where some are allowed nobody else may. Who comes by
    /// a UNIX socket is let in by its permissions.
    func admits(_ address: SocketAddress?) -> Bool {
        guard let ip = address?.ip?.unmapped else { return true }
        if denied.contains(where: { $0.contains(ip) }) { return false }
        return allowed.isEmpty || allowed.contains { $0.contains(ip) }
    }
}
