// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's TCP client: one message.
@main
struct TCPSend: Program {
    static let about = "Connects, sends one message that is typed, and leaves."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:8080"]

    func run(_ arguments: [String]) throws {
        let server = try Socket.connecting(to: arguments[0])
        if let text = try Keyboard(CtrlC()).ask("Please enter the message you want to send:") {
            try server.sendAll(text.utf8)
        }
        try server.close()
    }
}
