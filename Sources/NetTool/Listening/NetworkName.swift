// SPDX-License-Identifier: Apache-2.0
import Sockets

/// A network as it is written on a command line: `192.168.1.0/24`, `10.0.0.7`, `fd00::/8`.
struct NetworkName: Sendable {
    let network: IPNetwork

    /// - Throws: ``AddressError`` that quotes the text.
    init(_ text: String) throws(AddressError) { network = try IPNetwork(text) }
}
