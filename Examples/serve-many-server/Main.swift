// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's second case: a customer is served until it leaves.
@main
struct ServeManyServer: Program {
    static let about = "Answers every message of a client until it leaves, then serves the next."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:8080"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try Socket.listening(on: arguments[0], backlog: 128)
        print("listening on", try server.localAddress)
        while try !ctrlC.comes(before: server) {
            let client = try server.accept()
            let name = client.peer?.description ?? "somebody"
            print("The client address of the link is:", name)
            do {
                // The end is nil, not an empty message that one could forget to test for.
                while try !ctrlC.comes(before: client), let request = try client.receive(upTo: 1024) {
                    print(String(decoding: request, as: UTF8.self).debugDescription)
                    try client.sendAll("hahahah".utf8)
                }
                print(name, "disconnected")
            } catch let error as SocketError {
                print(name, "disconnected:", error)
            }
        }
        try server.close()
        print("closed")
    }
}
