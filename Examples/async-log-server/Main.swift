// SPDX-License-Identifier: Apache-2.0
import Console
import Reactor
import Sockets

/// The same with async and await: each client is a few lines from top to bottom, and still all are in one thread.
@main
struct AsyncLogServer: Program {
    static let about = "Prints what any of its clients sends. MAXIMUM clients are served at a time, the others wait."
    static let parameters: KeyValuePairs = ["ADDRESS": "127.0.0.1:1234", "MAXIMUM": "500"]

    func run(_ arguments: [String]) throws {
        var limits = Server.Limits()
        limits.connections = try Int(argument: arguments[1], in: 1...100_000)
        let loop = try EventLoop()
        try loop.runUntilComplete { [limits] in
            let server = try await Server(on: arguments[0], limits: limits, loop: loop) { await log($0) }
            // Not after the line that says so: whoever has read it may send a signal.
            let signals = try await loop.signals([.interrupt, .terminate])
            print("listening on", server.addresses[0])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: loop) {
                    for try await _ in signals { return server.drain(within: .seconds(1)) }
                }
                try await server.run()
            }
        }
        print("closed")
    }

    /// Prints what a client sends, until it leaves or the server is to end.
    private func log(_ client: Connection) async {
        let name = client.peer?.description ?? "somebody"
        print("Got connection from", name)
        client.endsWhenDrained = true
        do throws(SocketError) {
            while let data = try await client.receive() { print("\(name): \(data.bytes.text.debugDescription)") }
            print(name, "disconnected")
        } catch {
            print(name, "disconnected:", error.reason)
        }
    }
}
