// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// An echo server on one loop, for a load generator: `async-echo PORT`.
@main
struct Main {
    static func main() async throws {
        let port = CommandLine.arguments.dropFirst().first ?? "7777"
        let thread = try LoopThread()
        let server = try await Server(on: "127.0.0.1:\(port)", loop: thread.loop) { connection in
            try await connection.echo()
        }
        try await server.run()
    }
}
