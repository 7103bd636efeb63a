// SPDX-License-Identifier: Apache-2.0
import Sockets

/// An encoding as it is named on a command line.
struct EncodingName: Sendable {
    let encoding: TextEncoding

    /// - Throws: ``TextError`` for a name that the system does not know.
    init(_ name: String) throws(TextError) { encoding = try TextEncoding(name) }
}
