// SPDX-License-Identifier: Apache-2.0
package import Sockets

extension Connection {
    /// A connection over a stream socket that is connected already: one half of a pair, an inherited one. Python:
    /// `connect_accepted_socket`.
    ///
    /// - Precondition: the loop is one of this machine's, not of a simulation.
    package convenience init(adopting socket: consuming Socket, on loop: EventLoop) {
        guard let driver = loop.driver as? ReadinessDriver else {
            preconditionFailure("a socket needs a system's loop")
        }
        self.init(SocketTransport(socket, loop: loop, driver: driver))
    }

    /// The same for a socket that somebody else may hold too, to shut it down.
    ///
    /// - Precondition: the loop is one of this machine's, and calls on the socket do not wait.
    package convenience init(adopting shared: SharedSocket, on loop: EventLoop) {
        guard let driver = loop.driver as? ReadinessDriver, shared.socket.timeLimit == .zero else {
            preconditionFailure("a socket that does not wait, and a system's loop, are needed")
        }
        SocketTransport.sendAtOnce(shared.socket)
        let address = try? shared.socket.localAddress
        self.init(SocketTransport(shared, at: address, isOwn: false, loop: loop, driver: driver))
    }
}
