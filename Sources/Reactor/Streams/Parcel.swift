// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// A socket on its way to a loop: a closure can't carry what may not be copied. One that nobody opens is closed.
final class Parcel: Sendable {
    private let content: Mutex<Socket?>

    init(_ socket: consuming Socket) { content = Mutex(socket) }

    /// Takes the socket out, which works once.
    func open(_ operation: SocketError.Operation) throws(SocketError) -> Socket {
        guard let socket = content.withLock({ $0.take() }) else { throw SocketError(operation, .closed) }
        return socket
    }
}
