// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 004's small client.
@main
struct GreetingClient: Program {
    static let about = "Connects and prints what the server says until it closes."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234"]

    func run(_ arguments: [String]) throws {
        let server = SocketFile(try Socket.connecting(to: arguments[0]))
        print(String(decoding: try server.readToEnd(maximumLength: 1024), as: UTF8.self))
    }
}
