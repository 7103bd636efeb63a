// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 004's server for many clients at a time, in one thread: `select` says who has something to say.
@main
struct SelectLogServer: Program {
    static let about = "Prints what any of its clients sends. MAXIMUM clients are served at a time, the others wait."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234", "MAXIMUM": "500"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        var maximum = try Int(argument: arguments[1], in: 1...1000)
        let listener = SharedSocket(try Socket.listening(on: arguments[0], backlog: 5))
        print("listening on", try listener.socket.localAddress)
        var clients: [SharedSocket] = []
        while true {
            // While the house is full nobody watches the door: who comes now waits in the backlog.
            let door = clients.count < maximum ? [listener] : []
            let ready = try select(readable: [ctrlC] + door + clients as [any Selectable]).readable
            if ready.contains(where: { $0 is CtrlC }) { break }
            for case let socket as SharedSocket in ready {
                if socket === listener {
                    do throws(SocketError) {
                        clients.append(SharedSocket(try listener.socket.accept()))
                        print("Got connection from", name(clients[clients.count - 1]))
                    } catch {
                        // No descriptor is left: the house is smaller than was thought.
                        guard error.isOutOfResources, !clients.isEmpty else { throw error }
                        maximum = clients.count
                    }
                } else if !log(socket) {
                    clients.removeAll { $0 === socket }  // nobody holds it any more, and so it closes
                }
            }
        }
        print("closed")
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
