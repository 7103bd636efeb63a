// SPDX-License-Identifier: Apache-2.0
import Console
import SocketServer
import Sockets

/// Seed 004's small server based on SocketServer: a handler is made for each client, one after the other.
@main
struct TCPServerGreeting: Program {
    static let about = "Thanks each client for connecting, by a TCPServer and a StreamRequestHandler."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234"]

    struct Handler: StreamRequestHandler {
        func handle(_ request: StreamRequest) throws {
            print("Got connection from", request.clientAddress?.description ?? "somebody")
            try request.writer.write("Thank for connecting")
        }
    }

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try TCPServer(on: arguments[0], handler: Handler.init)
        print("listening on", server.address)
        try server.serveForever(until: ctrlC)
        try server.close()
        print("closed")
    }
}
