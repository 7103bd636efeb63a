// SPDX-License-Identifier: Apache-2.0
import Netwright
import TestSupport
import Testing

/// The code of the README, as its readers would write it: with nothing but the umbrella imported. Where it has a fixed
/// port or name, these tests have one of their own.
@Suite(.blocking) struct UsageTests {
    //
    @Test func `a line server with a time limit, and its client`() async throws {
        let server = try await Server(on: "127.0.0.3:0") { connection in
            for try await line in connection.lines(maximumLength: 512).within(.seconds(30)) {
                try await connection.send("[\(CTime.now())] \(line)\r\n")
            }
        }
        let serving = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        try await withConnection(to: address, timeout: .seconds(5)) { connection in
            try await connection.send("hi\r\n")
            let answer = try await connection.lines.next() ?? "the server has left"
            #expect(answer.hasPrefix("[") && answer.hasSuffix("] hi"), "\(answer)")
        }
        server.drain(within: .seconds(5))
        try await serving.value
    }

    @Test func `an echo server by hand, bounded, until it is cancelled`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("echo")
        let serving = Task {
            try await serve(on: "unix:\(path)", maximumConnections: 10_000) { connection in
                while let received = try await connection.receive() { try await connection.send(received.bytes) }
            }
        }
        let said = try await answered {
            try await withConnection(to: "unix:\(path)") { connection in
                try await connection.send("once")
                return try await connection.receive(upTo: 100)
            }
        }
        #expect(said == Array("once".utf8))
        serving.cancel()
        await #expect(throws: SocketError.self) { try await serving.value }
    }

    @Test func `a refused client is told every address that was tried`() async throws {
        let free = try Socket.listening(on: "127.0.0.3:0").localAddress
        do {
            try await withConnection(to: free, timeout: .seconds(5)) { _ in }
            Issue.record("somebody listens at \(free)")
        } catch let error as SocketError {
            #expect(error.isConnectionRefused)
            #expect("\(error)" == "connect \(free): connection refused")
        }
    }

    // B-AIO-09
    @Test func `datagrams are a sequence`() async throws {
        try await withDatagramSocket(on: "127.0.0.3:0") { socket in
            let answering = Task(executorPreference: socket.loop) {
                for try await datagram in socket {
                    try await socket.send("got \(datagram.bytes.count)", to: datagram.sender)
                }
            }
            try await withDatagramSocket(to: socket.localAddress) { client in
                try await client.send("hello")
                let answer = try await withDeadline(.seconds(20)) { try await client.receive() }
                #expect(answer.bytes == Array("got 5".utf8))
            }
            socket.close()
            try await answering.value
        }
    }

    @Test func `a blocking server of a few lines`() throws {
        let server = try Socket.listening(on: "127.0.0.3:0")
        let address = try server.localAddress
        let serving = BlockingThread {
            let client = try server.accept()
            while let bytes = try client.receive(upTo: 4096) { try client.sendAll(bytes) }
        }
        var client = try Socket()
        try client.connect(to: address)
        try client.sendAll("blocking".utf8)
        try client.shutdown(.sending)
        var all: [UInt8] = []
        while let bytes = try client.receive(upTo: 100) { all += bytes }
        #expect(all == Array("blocking".utf8))
        try serving.join()
    }

    /// Repeats until the server listens.
    private func answered<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(200)
        while true {
            do { return try await body() } catch let error as SocketError {
                guard ContinuousClock.now < deadline else { throw error }
                await Task.yield()
            }
        }
    }
}
