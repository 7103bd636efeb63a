// SPDX-License-Identifier: Apache-2.0
@testable import Sockets

/// A port of loopback that refuses every connection, as long as this object lives: bound, so that nobody else can take
/// it, and not listening.
final class ClosedPort {
    let socket: Socket
    let address: String

    init() throws {
        socket = try Socket()
        try socket.bind(to: .loopback(.any))
        address = "\(try socket.localAddress)"
    }
}
