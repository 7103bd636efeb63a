// SPDX-License-Identifier: Apache-2.0
import Reactor
import SocketServer
import Sockets
import TestSupport
import Testing

/// What people should be able to write, as they would write it.
@Suite(.blocking) struct UsageTests {
    struct Greeter: StreamRequestHandler {
        func handle(_ request: StreamRequest) throws {
            _ = "Got connection from \(request.clientAddress?.description ?? "somebody")"
            try request.writer.write("Thank you for connecting\r\n")
        }
    }

    struct Shout: BaseRequestHandler {
        func handle(_ request: StreamRequest) throws {
            while let said = try request.socket.receive(upTo: 1024) {
                try request.socket.sendAll(said.decoded(as: .utf8).uppercased().utf8)
            }
        }
    }

    struct Echo: AsyncStreamRequestHandler {
        func handle(_ request: AsyncStreamRequest) async throws { try await request.connection.echo() }
    }

    // A-138: one value where Python has a class for each combination.
    @Test func `a server with threads is one line`() throws {
        let server = try TCPServer(on: "127.0.0.4:0", concurrency: .threads(maximum: 64), handler: Greeter.init)
        try withServing(server) { server in
            let client = try talk(to: server)
            #expect(try client.readLine(as: .utf8) == "Thank you for connecting")
        }
    }

    // A-131: without the files of a stream handler.
    @Test func `a handler may use the socket itself`() throws {
        try withServing(try TCPServer(on: "127.0.0.4:0", handler: Shout.init)) { server in
            let client = try talk(to: server)
            #expect(try client.ask("hello") == "HELLO")
        }
    }

    @Test func `an asynchronous handler has a connection`() throws {
        try withServing(try TCPServer(on: "127.0.0.4:0", handler: Echo.init)) { server in
            #expect(server.concurrency == .tasks(maximum: 10_000))
            let clients = try (0..<50).map { _ in try talk(to: server) }
            for client in clients { #expect(try client.ask("hello") == "hello") }
        }
    }
}
