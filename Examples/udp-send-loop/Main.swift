// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's sender that goes on until the user has enough. It binds no port: the first datagram gives it one, and it
/// keeps that.
@main
struct UDPSendLoop: Program {
    static let about = "Sends each line that is typed as a datagram; the word \"exit\" ends it."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:8080"]

    func run(_ arguments: [String]) throws {
        let socket = try Socket(.ipv4, .datagram)
        let keyboard = Keyboard(try CtrlC())
        while let text = try keyboard.ask("Please enter the data you want to send:"), text != "exit" {
            try socket.send(text.utf8, to: arguments[0])
        }
        try socket.close()
        print("closed")
    }
}
