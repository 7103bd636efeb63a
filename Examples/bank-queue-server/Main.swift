// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's first case: a counter in a bank. One request of each customer, then the next.
@main
struct BankQueueServer: Program {
    static let about = "Answers one message of each client, one client after the other."
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
                guard try !ctrlC.comes(before: client), let request = try client.receive(upTo: 1024) else { continue }
                print(String(decoding: request, as: UTF8.self).debugDescription)
                try client.sendAll("hahahah".utf8)
            } catch let error as SocketError {
                print(name, "disconnected:", error)
            }
        }
        try server.close()
        print("closed")
    }
}
