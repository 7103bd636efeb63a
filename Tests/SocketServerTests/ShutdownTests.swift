// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import SocketServer
import Sockets
import Synchronization
import TestSupport
import Testing

/// Answers lines; `stop` shuts the server down, `hang` waits for the client for ever.
private struct Stopper: StreamRequestHandler {
    func handle(_ request: StreamRequest) throws {
        while let line = try request.reader.readLine(as: .utf8) {
            if line == "stop" { try request.writer.write("\(request.server.shutdown())\n") }
            if line == "hang" { _ = try request.socket.receive(upTo: 1) }
            try request.writer.write("\(line)\n")
        }
    }
}

private struct AsyncStopper: AsyncStreamRequestHandler {
    func handle(_ request: AsyncStreamRequest) async throws {
        for try await line in request.connection.lines {
            if line == "stop" { try await request.connection.send("\(request.server.shutdown())\n") }
            try await request.connection.send("\(line)\n")
        }
    }
}

/// Ending a server from anywhere: P22.
@Suite(.blocking) struct ShutdownTests {
    private static let policies: [RequestConcurrency] = [.sequential, .threads(), .tasks()]

    // B-SRV-01: Python's dead-locks here.
    @Test(arguments: policies)
    func `a handler shuts its own server down, and is served to its end`(_ policy: RequestConcurrency) throws {
        let server = try TCPServer(on: "127.0.0.4:0", concurrency: policy, handler: Stopper.init)
        let thread = BlockingThread { try server.serveForever() }
        let client = try talk(to: server)
        // Only a thread that serving does not wait for can wait for its end.
        #expect(try client.ask("stop") == (policy == .sequential ? "false" : "true"))
        #expect(try client.readLine(as: .utf8) == "stop")
        #expect(try client.ask("more") == "more")
        try client.finishWriting()
        try thread.join()
        try server.close()
    }

    // B-SRV-01
    @Test(arguments: policies)
    func `an asynchronous handler does so too`(_ policy: RequestConcurrency) throws {
        let server = try TCPServer(on: "127.0.0.4:0", concurrency: policy, handler: AsyncStopper.init)
        let thread = BlockingThread { try server.serveForever() }
        let client = try talk(to: server)
        #expect(try client.ask("stop") == (policy == .threads() ? "true" : "false"))
        try client.finishWriting()
        try thread.join()
        try server.close()
    }

    // A-134, B-SRV-01
    @Test(arguments: policies)
    func `any thread shuts a server down, before it serves or while it does`(_ policy: RequestConcurrency) throws {
        let server = try TCPServer(on: "127.0.0.4:0", concurrency: policy, handler: Stopper.init)
        for _ in 0..<repetitions(20, soak: 1000) {
            let thread = BlockingThread { try server.serveForever() }
            server.shutdown()
            try thread.join()
        }
        #expect(!server.isServing)
        try server.close()
        // Rebound at once, and a second one is refused.
        let again = try onceFree { () throws(SocketError) in try TCPServer(on: server.address, handler: Stopper.init) }
        #expect(throws: SocketError.self) { _ = try TCPServer(on: again.address, handler: Stopper.init) }
        try again.close()
    }

    // P22
    @Test(arguments: policies.dropFirst())
    func `twenty idle clients do not keep a server from ending`(_ policy: RequestConcurrency) throws {
        var configuration = ServerConfiguration()
        configuration.closeLimit = .milliseconds(300)
        let server = try TCPServer(
            on: "127.0.0.4:0", configuration: configuration, concurrency: policy, handler: Stopper.init)
        let thread = BlockingThread { try server.serveForever() }
        let clients = try (0..<20).map { _ in try talk(to: server) }
        for client in clients { #expect(try client.ask("x") == "x") }
        try clients[0].write("hang\n")
        try clients[0].flush()
        let begin = ContinuousClock.now
        server.shutdown()
        try thread.join()
        #expect(ContinuousClock.now - begin < .seconds(5))
        #expect(server.activeRequests == 0)
        try server.close()
    }

    // P22: one after the other, the handler is on the thread that serves.
    @Test func `a sequential server whose handler hangs is ended from another thread`() throws {
        var configuration = ServerConfiguration()
        configuration.closeLimit = .milliseconds(200)
        let server = try TCPServer(on: "127.0.0.4:0", configuration: configuration, handler: Stopper.init)
        let thread = BlockingThread { try server.serveForever() }
        let client = try talk(to: server)
        #expect(try client.ask("x") == "x")
        #expect(server.shutdown())
        #expect(try client.readLine() == nil)
        try thread.join()
        try server.close()
    }

    // P22: what is in flight is finished.
    @Test(arguments: policies.dropFirst())
    func `requests that are under way finish`(_ policy: RequestConcurrency) throws {
        let server = try TCPServer(on: "127.0.0.4:0", concurrency: policy, handler: Stopper.init)
        let thread = BlockingThread { try server.serveForever() }
        let clients = try (0..<repetitions(20, soak: 60)).map { _ in try talk(to: server) }
        for client in clients { #expect(try client.ask("begin") == "begin") }
        server.shutdown()
        for client in clients {
            #expect(try client.ask("end") == "end")
            try client.finishWriting()
            #expect(try client.readLine() == nil)
        }
        try thread.join()
        try server.close()
    }

    @Test func `a second thread can't serve, and a closed server serves nobody`() throws {
        let server = try TCPServer(on: "127.0.0.4:0", handler: Stopper.init)
        let thread = BlockingThread { try server.serveForever() }
        try wait { server.isServing }
        #expect { try server.serveForever() } throws: { ($0 as? SocketError)?.reason == .busy }
        server.shutdown()
        try thread.join()
        try server.close()
        #expect(server.descriptor.rawValue == -1)
        #expect { try server.handleRequest(within: .zero) } throws: { ($0 as? SocketError)?.reason == .closed }
        #expect(throws: SocketError.self) { _ = try Socket.connecting(to: server.address) }
    }

    // A thread can't be ended from outside: that is told, not hidden.
    @Test func `a thread that computes for ever is told of`() throws {
        struct Computer: StreamRequestHandler {
            let isOver: TestSupport.Signal
            func handle(_ request: StreamRequest) throws {
                try request.writer.write("begun\n")
                isOver.wait()
            }
        }
        var configuration = ServerConfiguration()
        configuration.closeLimit = .milliseconds(50)
        let isOver = TestSupport.Signal()
        let server = try TCPServer(
            on: "127.0.0.4:0", configuration: configuration, concurrency: .threads(maximum: 2),
            handler: { Computer(isOver: isOver) })
        let thread = BlockingThread { try server.serveForever() }
        let client = try talk(to: server)
        #expect(try client.readLine(as: .utf8) == "begun")
        server.shutdown()
        #expect { try thread.join() } throws: { ($0 as? SocketError)?.reason == .timedOut }
        isOver.give()
        try server.close()
    }
}

/// A client that talks in lines. No call on it waits for ever.
func talk(to server: BaseServer) throws -> SocketFile {
    var socket = try Socket.connecting(to: server.address)
    try socket.setTimeLimit(.seconds(20))
    return SocketFile(socket)
}
