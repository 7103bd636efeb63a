// SPDX-License-Identifier: Apache-2.0
import Sockets

/// The address to connect from: `192.0.2.7`, `192.0.2.7:4000`, `[2001:db8::7]:4000`.
struct SourceAddress: Sendable {
    let address: SocketAddress

    /// Reads it; without a port the system picks one.
    ///
    /// - Throws: ``AddressError``, or why an endpoint is no address of ours.
    init(_ text: String) throws {
        if let ip = try? IPAddress(text) {
            address = SocketAddress(ip, .any)
        } else if let known = try Endpoint(text).socketAddress, known.ip != nil {
            address = known
        } else {
            throw NoAddress(text: text)
        }
    }

    /// An endpoint that is no numeric address.
    struct NoAddress: Error, CustomStringConvertible {
        let text: String
        var description: String { "\(text.quoted) is no numeric address" }
    }
}
