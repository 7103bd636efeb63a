// SPDX-License-Identifier: Apache-2.0
import Console
import Sockets

/// Seed 002's client.
@main
struct OneShotClient: Program {
    static let about = "Says hello to a server and prints its answer."
    static let parameters: KeyValuePairs = ["ADDRESS": "localhost:6789"]

    func run(_ arguments: [String]) throws {
        print("Start the client at", CTime.now())
        let server = SocketFile(try Socket.connecting(to: arguments[0]))
        try server.write("Hey~~~")
        try server.flush()
        // The answer may come in pieces. It is whole when the server closes.
        let reply = try server.readToEnd(maximumLength: 1000)
        print("AT", CTime.now(), "some reply", String(decoding: reply, as: UTF8.self))
    }
}
