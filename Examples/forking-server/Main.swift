// SPDX-License-Identifier: Apache-2.0
import Console
import SocketServer
import Sockets

/// Seed 004's server by forking: a process for each client. Where Python mixes in a class, one value says so.
@main
struct ForkingServer: Program {
    static let about = "Thanks each client for connecting, each in a process of its own."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234"]

    struct Handler: StreamRequestHandler {
        func handle(_ request: StreamRequest) throws {
            print("Got connection from", request.clientAddress?.description ?? "somebody")
            try request.writer.write("Thank for connecting")
        }
    }

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try TCPServer(on: arguments[0], concurrency: .processes(maximum: 40), handler: Handler.init)
        print("listening on", server.address)
        try server.serveForever(until: ctrlC)
        try server.close()
        print("closed")
    }
}
