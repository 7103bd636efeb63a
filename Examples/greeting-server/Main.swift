// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 004's small server: greets each client and hangs up.
@main
struct GreetingServer: Program {
    static let about = "Thanks each client for connecting, and closes."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234"]

    func run(_ arguments: [String]) throws {
        let ctrlC = try CtrlC()
        let server = try Socket.listening(on: arguments[0], backlog: 5)
        print("listening on", try server.localAddress)
        while try !ctrlC.comes(before: server) {
            let client = try server.accept()
            print("Got connection from", client.peer?.description ?? "somebody")
            do { try client.sendAll("Thank for connecting".utf8) } catch { print(error) }
        }
        try server.close()
        print("closed")
    }
}
