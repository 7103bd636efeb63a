// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's sender with a port of its own.
@main
struct UDPSendBound: Program {
    static let about = "Sends each line that is typed as a datagram from a port of its own; the word \"exit\" ends it."
    static let parameters: KeyValuePairs = ["LOCAL": "127.0.0.1:8081", "ADDRESS": "127.0.0.1:8080"]

    func run(_ arguments: [String]) throws {
        let socket = try Socket(.ipv4, .datagram)
        try socket.bind(to: arguments[0])
        print("bound to", try socket.localAddress)
        let keyboard = Keyboard(try CtrlC())
        while let text = try keyboard.ask("Please enter the data you want to send:"), text != "exit" {
            try socket.send(text.utf8, to: arguments[1])
        }
        try socket.close()
        print("closed")
    }
}
