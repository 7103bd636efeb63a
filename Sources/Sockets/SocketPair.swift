// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Two sockets, each the other's peer.
@frozen
public struct SocketPair: ~Copyable, Sendable {
    /// One end.
    public var first: Socket
    /// The other end.
    public var second: Socket

    /// Opens a connected pair; without arguments two UNIX streams.
    ///
    /// - Throws: `.unsupported` where the system has no pairs of this family.
    ///
    /// C: `socketpair(2)`.
    public init(
        _ family: AddressFamily = .unix, _ kind: SocketKind = .stream, _ protocolNumber: ProtocolNumber = .automatic
    ) throws(SocketError) {
        let numbers: (CInt, CInt)
        do throws(Errno) {
            numbers = try SystemCalls.socketPair(
                family: family.rawValue, kind: kind.rawValue, protocolNumber: protocolNumber.rawValue)
        } catch {
            throw SocketError(.open, error: error, subject: "pair of \(family) \(kind)")
        }
        first = Socket(owning: numbers.0, family, kind, peer: .unix(.unnamed))
        second = Socket(owning: numbers.1, family, kind, peer: .unix(.unnamed))
    }
}
