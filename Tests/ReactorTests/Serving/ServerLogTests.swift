// SPDX-License-Identifier: Apache-2.0
import Glibc
import InMemoryLogging
import Logging
import Reactor
import Sockets
import Synchronization
import TestSupport
import Testing

/// A logger of one test, which keeps what it is told.
struct KeptLog: Sendable {
    private let handler: InMemoryLogHandler
    let logger: Logger

    init(_ level: Logger.Level = .debug) {
        var handler = InMemoryLogHandler()
        handler.logLevel = level
        self.handler = handler
        let kept = handler
        logger = Logger(label: "test") { _ in kept }
    }

    var lines: [InMemoryLogHandler.Entry] { handler.entries }

    /// The lines of one text.
    func lines(_ message: Logger.Message) -> [InMemoryLogHandler.Entry] { lines.filter { $0.message == message } }
}

struct Planned: Error, CustomStringConvertible {
    var description: String { "it was planned" }
}

@Suite(.serialized, .blocking) struct ServerLogTests {
    @Test func `a connection's life is told at debug, with its peer`() async throws {
        let log = KeptLog()
        let server = try await Server(on: "127.0.0.2:0", logger: log.logger) { try await $0.echo() }
        let running = Task { try await server.run() }
        let peer = try await withConnection(to: try #require(server.addresses.first)) { client in
            try await client.send("x")
            #expect(try await client.receive(upTo: 1) == [0x78])
            return try #require(client.localAddress)
        }
        server.drain()
        try await running.value
        #expect(log.lines.map(\.message) == ["connection accepted", "connection ended"])
        #expect(log.lines.allSatisfy { $0.level == .debug && $0.metadata["peer"] == "\(peer)" })
        let seconds = try #require(log.lines.last?.metadata["seconds"])
        #expect(try #require(Double("\(seconds)")) > 0)
    }

    @Test func `at info a server with well-behaved clients says nothing`() async throws {
        let log = KeptLog(.info)
        let server = try await Server(on: "127.0.0.2:0", logger: log.logger) { try await $0.echo() }
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { _ in }
        server.drain()
        try await running.value
        #expect(log.lines == [])
    }

    @Test func `a handler that fails is an error, told between its beginning and its end`() async throws {
        let log = KeptLog()
        let server = try await Server(on: "127.0.0.2:0", logger: log.logger) { _ in throw Planned() }
        let running = Task { try await server.run() }
        let peer = try await withConnection(to: try #require(server.addresses.first)) { client in
            #expect(try await client.receive(upTo: 1) == nil)
            return try #require(client.localAddress)
        }
        server.drain()
        try await running.value
        #expect(log.lines.map(\.message) == ["connection accepted", "handler failed", "connection ended"])
        let line = try #require(log.lines("handler failed").first)
        #expect(line.level == .error)
        #expect(line.metadata == ["peer": "\(peer)", "error": "it was planned"])
    }

    @Test func `what a peer can bring about on its own is told at debug only`() async throws {
        let log = KeptLog()
        let server = try await Server(on: "127.0.0.2:0", logger: log.logger) { connection in
            switch try await connection.receive(upTo: 1) {
            case [0x72]: try await connection.echo()
            case [0x65]: _ = try await connection.read(exactly: 10)
            case [0x6C]: for try await _ in connection.lines(maximumLength: 4) {}
            default:
                connection.idleLimit = .milliseconds(1)
                try await connection.echo()
            }
        }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        // A reset, an early end, a line that is too long, silence.
        for (number, bytes) in ["r", "e12", "l123456789\n", "s"].enumerated() {
            try await withConnection(to: address) { client in
                try await client.send(bytes)
                if bytes == "r" { client.abort() }
                if bytes == "e12" { try await client.shutdownSending() }
                try await until { log.lines("connection failed").count == number + 1 }
            }
        }
        server.drain()
        try await running.value
        #expect(log.lines.allSatisfy { $0.level == .debug })
        #expect(log.lines("connection failed").allSatisfy { $0.metadata["peer"] != nil && $0.metadata["error"] != nil })
    }

    @Test func `a server that is refused elsewhere has a handler that failed`() async throws {
        let log = KeptLog()
        let nobody = try { () throws -> SocketAddress in try Socket.listening(on: "127.0.0.3:0").localAddress }()
        let server = try await Server(on: "127.0.0.2:0", logger: log.logger) { _ in
            try await withConnection(to: nobody) { _ in }
        }
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { _ = try await $0.receive(upTo: 1) }
        server.drain()
        try await running.value
        #expect(log.lines("handler failed").map(\.level) == [.error])
    }

    @Test func `a refused client is told at info`() async throws {
        let log = KeptLog()
        var limits = Server.Limits()
        limits.connectionsPerPeer = 1
        let server = try await Server(on: "127.0.0.2:0", limits: limits, logger: log.logger) { try await $0.echo() }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        let peer = try await withConnection(to: address) { _ in
            try await until { server.connectionCount == 1 }
            return try await withConnection(to: address) { second in
                #expect(try await second.receive(upTo: 1) == nil)
                return try #require(second.localAddress)
            }
        }
        server.drain()
        try await running.value
        let line = try #require(log.lines("connection refused").first)
        #expect(line.level == .info)
        #expect(line.metadata == ["peer": "\(peer)"])
    }

    #if DEBUG
        // Law 9
        @Test func `a shortage is told once as a warning, and its end as a notice`() async throws {
            let log = KeptLog(.info)
            let metrics = TestedMetrics()
            let server = try await Server(on: "127.0.0.2:0", logger: log.logger, metrics: metrics.server) {
                try await $0.echo()
            }
            // The attempt, and the one with the reserve; then again.
            let plan = FaultPlan.failing(.accept4, with: .tooManyOpenFiles, times: 4)
            let running = Task { try await FaultPlan.$current.withValue(plan) { try await server.run() } }
            let address = try #require(server.addresses.first)
            var answer: [UInt8]?
            while answer == nil {
                // In a shortage some clients are thrown away, so that they know.
                let outcome = await reason {
                    answer = try await withConnection(to: address) { client in
                        try await client.send("x")
                        return try await client.receive(upTo: 1)
                    }
                }
                if let outcome, case .broken = outcome { continue }
                try #require(outcome == nil)
            }
            #expect(answer == [0x78])
            try await until { log.lines.count == 2 }
            server.drain()
            try await running.value
            #expect(log.lines.map(\.message) == ["accepting paused", "accepting resumed"])
            #expect(log.lines.map(\.level) == [.warning, .notice])
            #expect("\(log.lines[0].metadata["error"] ?? "")".contains("too many open files"))
            #expect(metrics.total("errors_total", ("kind", "accepting")) == 1)
        }
    #endif

    // design.md section 6
    @Test func `a password in an endpoint is in no line`() async throws {
        let log = KeptLog(.trace)
        let server = try await Server(on: "127.0.0.2:0", logger: log.logger) { _ in
            try await withConnection(to: "http://ann:s3cret@127.0.0.2:1/") { _ in }
        }
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { _ = try await $0.receive(upTo: 1) }
        server.drain()
        try await running.value
        let line = try #require(log.lines("handler failed").first)
        #expect("\(line.metadata["error"] ?? "")".contains("127.0.0.2"))
        #expect(!"\(log.lines)".contains("s3cret"))
    }

    @Test func `a closure, a logger and metrics are told of the same`() async throws {
        let log = KeptLog()
        let metrics = TestedMetrics()
        let told = Mutex<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            let server = try await Server(
                on: "127.0.0.2:0", logger: log.logger, metrics: metrics.server,
                report: { event in
                    switch event {
                    case .accepted: told.withLock { $0.append("accepted") }
                    case .handlerFailed: told.withLock { $0.append("failed") }
                    case .ended(_, let duration): told.withLock { $0.append(duration > .zero ? "ended" : "no time") }
                    default: told.withLock { $0.append("else") }
                    }
                },
                handler: { _ in throw Planned() })
            group.addTask { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { _ = try await $0.receive(upTo: 1) }
            server.drain()
            try await group.waitForAll()
        }
        #expect(told.withLock { $0 } == ["accepted", "failed", "ended"])
        #expect(log.lines.count == 3)
        #expect(metrics.total("errors_total", ("kind", "handler")) == 1)
    }
}

@Suite(.serialized, .blocking) struct LoopLogTests {
    // Law 7
    @Test func `a connection that is dropped without being closed is closed and told, and no other is`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let log = KeptLog()
        thread.loop.logTrouble(to: log.logger, turnsOver: .seconds(60))
        let listener = try await Listener(on: "127.0.0.2:0", loop: thread.loop)
        let closed = try Socket.connecting(to: listener.localAddress)
        try await listener.accept().close()
        let aborted = SharedSocket(try Socket.connecting(to: listener.localAddress))
        try await listener.accept().abort()
        let dropped = try Socket.connecting(to: listener.localAddress)
        _ = try await listener.accept()
        #expect(try dropped.receive(upTo: 1) == nil)
        try await until { log.lines.count > 0 }
        #expect(log.lines.map(\.message) == ["connection was dropped without being closed"])
        #expect(log.lines.map(\.level) == [.warning])
        #expect(log.lines[0].metadata == ["peer": "\(try dropped.localAddress)"])
        #expect(try closed.receive(upTo: 1) == nil)
        withExtendedLifetime(aborted) {}
    }

    @Test func `a server and a scope lose no close`() async throws {
        let thread = try LoopThread()
        defer { thread.stop() }
        let log = KeptLog()
        thread.loop.logTrouble(to: log.logger, turnsOver: .seconds(60))
        let server = try await Server(on: "127.0.0.2:0", loop: thread.loop) { _ = try await $0.receive() }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        try await withConnection(to: address, on: thread.loop) { _ in }
        try await withConnection(to: address, on: thread.loop) { _ in try await until { server.connectionCount > 0 } }
        server.drain()
        try await running.value
        // Whatever had been brought by now has been done.
        try await thread.loop.run {}
        #expect(log.lines == [])
    }

    @Test func `a turn that holds its loop is told, with the loop's number`() async throws {
        let group = try EventLoopGroup(count: 2)
        defer { group.stop() }
        let log = KeptLog()
        group.logTrouble(to: log.logger, turnsOver: .milliseconds(5))
        let loop = try #require(group.loops.last)
        // Once the loop has taken what it was told above.
        try await loop.run {}
        loop.enqueue { usleep(20_000) }
        try await until { log.lines.contains { $0.metadata["loop"] == "1" } }
        let line = try #require(log.lines.first { $0.metadata["loop"] == "1" })
        #expect(line.message == "loop was held")
        #expect(line.level == .warning)
        let seconds = try #require(line.metadata["seconds"])
        #expect(try #require(Double("\(seconds)")) >= 0.005)
    }
}
