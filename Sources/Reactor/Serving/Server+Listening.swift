// SPDX-License-Identifier: Apache-2.0
//
// Facts:    measured with two loops on two cores, 16 clients that connect, echo once and close: one acceptor that hands
//           over serves 20,000 to 23,000 a second, a listener on each loop (SO_REUSEPORT) 8,000 to 19,000, for a tenth
//           to a half more processor time. With 50 echoes a connection the two can't be told apart.
// Decision: one acceptor, which shares out exactly and loses no client when a listener goes. `reusesPort` is for
//           several processes, and for machines with more cores than one acceptor can feed.
import Sockets

extension Server {
    /// A listener for each endpoint, or for each of its descriptors; with `reusesPort` one on every loop of the group.
    /// If one can't be had none is left.
    static func listeners(
        on endpoints: [any EndpointConvertible], backlog: Int, reusesPort: Bool, loop: EventLoop?,
        group: EventLoopGroup?
    ) async throws(SocketError) -> [Listener] {
        let home = try EventLoop.forCaller(loop ?? group?.next(), .listen)
        var listeners: [Listener] = []
        for endpoint in endpoints {
            let target = try await ListenTarget(endpoint, on: home)
            let acceptors = try await home.run { () throws(SocketError) in
                try target.listen(backlog: backlog, reusesPort: reusesPort, on: home)
            }
            listeners += acceptors.map { Listener($0, on: home) }
            guard reusesPort, let group, let address = listeners.last?.localAddress, address.ip != nil,
                case .addresses = target.place
            else { continue }
            for other in group.loops where other !== home {
                listeners.append(try await Listener(on: address, backlog: backlog, reusesPort: true, loop: other))
            }
        }
        return listeners
    }
}
