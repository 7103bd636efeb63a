// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 002's lesson on `send` and `sendall`: `send` takes what fits, and the rest has to be sent again.
@main
struct SendLoop: Program {
    static let about = "Sends a text so many times, by `send` and what it left over, and says how many sends it took."
    static let parameters: KeyValuePairs = [
        "ADDRESS": "127.0.0.1:8080", "TEXT": "something you want to send", "TIMES": "1",
    ]

    func run(_ arguments: [String]) throws {
        let times = try Int(argument: arguments[2], in: 1...1_000_000)
        var server = try Socket.connecting(to: arguments[0])
        // A socket that may wait for ever waits inside one send until all has gone. With a limit it takes what fits.
        try server.setTimeLimit(.seconds(30))
        let data = Array(String(repeating: arguments[1], count: times).utf8)
        var rest = data[...]
        var sends = 0
        while !rest.isEmpty {
            rest = rest.dropFirst(try server.send(rest))
            sends += 1
        }
        print("sent \(data.count) bytes in \(sends) sends; sendAll does the same in one line")
        try server.close()
    }
}
