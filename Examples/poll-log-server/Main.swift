// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets
import SystemPackage

/// The same with `poll`, which has no limit of 1,024 descriptors.
@main
struct PollLogServer: Program {
    static let about = "Prints what any of its clients sends. MAXIMUM clients are served at a time, the others wait."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234", "MAXIMUM": "500"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        var maximum = try Int(argument: arguments[1], in: 1...100_000)
        let listener = try Socket.listening(on: arguments[0], backlog: 5)
        print("listening on", try listener.localAddress)
        var clients: [FileDescriptor: SharedSocket] = [:]
        var poll = Poll()
        poll.register(ctrlC, for: .input)
        poll.register(listener, for: .input)
        while true {
            // Errors and hang-ups are reported unasked: receiving tells which of them it is.
            for (descriptor, _) in try poll.wait() {
                if descriptor == ctrlC.descriptor { return print("closed") }
                if descriptor == listener.descriptor {
                    do throws(SocketError) {
                        let client = SharedSocket(try listener.accept())
                        print("Got connection from", name(client))
                        clients[client.descriptor] = client
                        poll.register(client, for: .input)
                    } catch {
                        // No descriptor is left: the house is smaller than was thought.
                        guard error.isOutOfResources, !clients.isEmpty else { throw error }
                        maximum = clients.count
                    }
                } else if let client = clients[descriptor], !log(client) {
                    try poll.unregister(client)
                    clients[descriptor] = nil  // nobody holds it any more, and so it closes
                }
            }
            // While the house is full nobody watches the door: who comes now waits in the backlog.
            try poll.modify(listener, for: clients.count < maximum ? .input : [])
        }
    }

    /// Prints what a client has sent; false when it has left.
    private func log(_ client: SharedSocket) -> Bool {
        do {
            if let data = try client.socket.receive(upTo: 1024) {
                print("\(name(client)): \(String(decoding: data, as: UTF8.self).debugDescription)")
                return true
            }
            print(name(client), "disconnected")
        } catch {
            print(name(client), "disconnected:", error.reason)
        }
        return false
    }

    /// The address that it came from, remembered: of a connection that was reset the system knows none.
    private func name(_ client: SharedSocket) -> String { client.socket.peer?.description ?? "somebody" }
}
