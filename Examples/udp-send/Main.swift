// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 003's first program: one datagram, to somebody who need not be there.
@main
struct UDPSend: Program {
    static let about = "Sends one datagram."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:8080", "TEXT": "hahaha"]

    func run(_ arguments: [String]) throws {
        let socket = try Socket(.ipv4, .datagram)
        try socket.send(arguments[1].utf8, to: arguments[0])
        print("sent from", try socket.localAddress)
        try socket.close()
    }
}
