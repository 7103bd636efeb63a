// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 002's server: one client, one exchange, the end.
@main
struct OneShotServer: Program {
    static let about = "Waits for one client, answers what it says, and ends."
    static let parameters: KeyValuePairs = ["ADDRESS": "localhost:6789"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try Socket.listening(on: arguments[0], backlog: 5)
        print("listening on", try server.localAddress)
        print("start server", CTime.now())
        print("Waiting for a client now!")
        if try ctrlC.comes(before: server) { return }
        let client = try server.accept()
        if let said = try client.receive(upTo: 1000) {
            print("AT", CTime.now(), client.description, "Said", String(decoding: said, as: UTF8.self).debugDescription)
            try client.sendAll("Are you want to talk to Me".utf8)
        } else {
            print("AT", CTime.now(), client.description, "left without a word")
        }
        try client.close()
        try server.close()
    }
}
