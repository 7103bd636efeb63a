// SPDX-License-Identifier: Apache-2.0
import CoreMetrics
import Glibc
import MetricsTestKit
@testable import Reactor
import Sockets
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The metrics of one test's server, in a system of their own.
struct TestedMetrics: Sendable {
    let system = TestMetrics()
    let server: ServerMetrics

    init(every interval: Duration = .seconds(60)) {
        server = ServerMetrics(server: "tested", every: interval, factory: system)
    }

    /// What a counter has come to; nil if there is none.
    func total(_ name: String, _ dimensions: (String, String)...) -> Int64? {
        try? system.expectCounter("netwright_server_\(name)", [("server", "tested")] + dimensions).totalValue
    }

    var active: Double? { try? system.expectMeter("netwright_server_active", [("server", "tested")]).lastValue }

    /// What a timer was told, in nanoseconds.
    func times(_ name: String, _ dimensions: (String, String)...) -> [Int64] {
        let timer = try? system.expectTimer("netwright_server_\(name)", [("server", "tested")] + dimensions)
        return timer?.values ?? []
    }
}

@Suite(.serialized, .blocking) struct ServerMetricsTests {
    @Test func `clients, their handlers' time and their bytes are counted exactly`() async throws {
        let metrics = TestedMetrics()
        let server = try await Server(on: "127.0.0.2:0", metrics: metrics.server) { connection in
            while let received = try await connection.receive() { try await connection.send(received.bytes) }
            let (head, body) = (Array("by".utf8), Array("e!".utf8))
            try await connection.send(head.span.bytes, body.span.bytes)
        }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        for _ in 0..<3 {
            try await withConnection(to: address) { client in
                try await client.send("hello")
                #expect(try await client.read(exactly: 5) == Array("hello".utf8))
                #expect(metrics.active == 1)
                try await client.shutdownSending()
                #expect(try await client.read(exactly: 4) == Array("bye!".utf8))
                #expect(try await client.receive(upTo: 1) == nil)
                try await until { metrics.active == 0 }
            }
        }
        server.drain()
        try await running.value
        #expect(metrics.total("accepted_total") == 3)
        #expect(metrics.active == 0)
        #expect(metrics.total("bytes_total", ("direction", "received")) == 15)
        #expect(metrics.total("bytes_total", ("direction", "sent")) == 27)
        let times = metrics.times("handler_seconds")
        #expect(times.count == 3)
        #expect(times.allSatisfy { $0 > 0 && $0 < 20_000_000_000 })
        for kind in ["peer", "handler", "accepting"] { #expect(metrics.total("errors_total", ("kind", kind)) == 0) }
        #expect(metrics.total("refused_total") == 0)
    }

    @Test func `the bytes of a connection that stays are told while it stays`() async throws {
        let metrics = TestedMetrics(every: .milliseconds(2))
        let server = try await Server(on: "127.0.0.2:0", metrics: metrics.server) { try await $0.echo() }
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { client in
            try await client.send("hello")
            #expect(try await client.read(exactly: 5) == Array("hello".utf8))
            try await until { metrics.total("bytes_total", ("direction", "sent")) == 5 }
        }
        server.drain()
        try await running.value
        #expect(metrics.total("bytes_total", ("direction", "received")) == 5)
    }

    @Test func `bytes that go past the attempts, of files and with descriptors, are counted`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("content")
        let file = try FileDescriptor.open(
            FilePath(path), .readWrite, options: .create, permissions: [.ownerReadWrite])
        defer { try? file.close() }
        _ = try file.writeAll(Array("0123456789".utf8))
        let metrics = TestedMetrics()
        let server = try await Server(on: "unix:\(directory.file("s"))", metrics: metrics.server) { connection in
            let count = try await connection.receiveDescriptors(upTo: 1)?.bytes.count
            #expect(count == 3)
            #expect(try await connection.sendFile(file) == 10)
            try await connection.send(descriptors: [file], with: Array("ab".utf8))
        }
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { client in
            try await client.send(descriptors: [file], with: Array("xyz".utf8))
            #expect(try await client.read(exactly: 12) == Array("0123456789ab".utf8))
        }
        server.drain()
        try await running.value
        #expect(metrics.total("bytes_total", ("direction", "received")) == 3)
        #expect(metrics.total("bytes_total", ("direction", "sent")) == 12)
    }

    @Test func `a refused client counts as refused, and as nothing else`() async throws {
        let metrics = TestedMetrics()
        var limits = Server.Limits()
        limits.connectionsPerPeer = 1
        let server = try await Server(on: "127.0.0.2:0", limits: limits, metrics: metrics.server) {
            try await $0.echo()
        }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        try await withConnection(to: address) { _ in
            try await until { server.connectionCount == 1 }
            #expect(try await withConnection(to: address) { try await $0.receive(upTo: 1) } == nil)
            #expect(metrics.active == 1)
        }
        server.drain()
        try await running.value
        #expect(metrics.total("refused_total") == 1)
        #expect(metrics.total("accepted_total") == 1)
        #expect(metrics.times("handler_seconds").count == 1)
    }

    @Test func `errors are counted by whose they are`() async throws {
        let metrics = TestedMetrics()
        let server = try await Server(on: "127.0.0.2:0", metrics: metrics.server) { connection in
            if try await connection.receive(upTo: 1) == [0x66] { throw Planned() }
            try await connection.echo()
        }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        for _ in 0..<2 {
            try await withConnection(to: address) { client in
                try await client.send("f")
                #expect(try await client.receive(upTo: 1) == nil)
            }
        }
        try await withConnection(to: address) { client in
            try await client.send("xy")
            #expect(try await client.receive(upTo: 1) == [0x79])
            client.abort()
        }
        try await until { metrics.active == 0 && metrics.total("accepted_total") == 3 }
        server.drain()
        try await running.value
        #expect(metrics.total("errors_total", ("kind", "handler")) == 2)
        #expect(metrics.total("errors_total", ("kind", "peer")) == 1)
    }

    @Test(arguments: World.Mechanism.allCases)
    func `a loop that is held shows as lag`(mechanism: World.Mechanism) async throws {
        let thread = try LoopThread(in: .real(mechanism))
        defer { thread.stop() }
        let metrics = TestedMetrics(every: .milliseconds(1))
        let server = try await Server(on: "127.0.0.2:0", loop: thread.loop, metrics: metrics.server) { _ in
            usleep(40_000)
        }
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { _ = try await $0.receive(upTo: 1) }
        try await until { (metrics.times("loop_lag_seconds", ("loop", "0")).max() ?? 0) > 30_000_000 }
        server.drain()
        try await running.value
        // Of the server's nothing stays on the loop but the drain's own limit.
        #expect(try await thread.loop.run { thread.loop.timers.count } == 1)
        #expect((metrics.times("handler_seconds").max() ?? 0) >= 40_000_000)
    }

    @Test func `how many metrics there are does not depend on the clients, and destroying leaves none`() async throws {
        let metrics = TestedMetrics(every: .milliseconds(1))
        let server = try await Server(on: "127.0.0.2:0", metrics: metrics.server) { try await $0.echo() }
        let running = Task { try await server.run() }
        let address = try #require(server.addresses.first)
        for _ in 0..<10 { try await withConnection(to: address) { _ in } }
        server.drain()
        try await running.value
        #expect(metrics.system.counters.count == 8)
        #expect(metrics.system.meters.count == 1)
        #expect(metrics.system.timers.count == 1 + EventLoopGroup.shared.loops.count)
        metrics.server.destroy()
        #expect(metrics.system.counters.isEmpty && metrics.system.meters.isEmpty && metrics.system.timers.isEmpty)
    }

    @Test func `a second server goes on with the numbers of the first`() async throws {
        let metrics = TestedMetrics()
        for _ in 0..<2 {
            let server = try await Server(on: "127.0.0.2:0", metrics: metrics.server) { try await $0.send("hi") }
            let running = Task { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { client async throws in
                #expect(try await client.read(exactly: 2) == Array("hi".utf8))
            }
            server.drain()
            try await running.value
        }
        #expect(metrics.total("accepted_total") == 2)
        #expect(metrics.total("bytes_total", ("direction", "sent")) == 4)
        #expect(metrics.system.timers.count == 1 + EventLoopGroup.shared.loops.count)
    }

    @Test func `without metrics nothing stands between a connection and its socket`() async throws {
        let kinds = Mutex<[String]>([])
        for metrics in [nil, TestedMetrics().server] {
            let server = try await Server(on: "127.0.0.2:0", metrics: metrics) { connection in
                kinds.withLock { $0.append("\(type(of: connection.transport))") }
            }
            let running = Task { try await server.run() }
            try await withConnection(to: try #require(server.addresses.first)) { _ = try await $0.receive(upTo: 1) }
            server.drain()
            try await running.value
        }
        #expect(kinds.withLock { $0 } == ["SocketTransport", "CountingTransport"])
    }

    @Test func `the hard stop ends the numbers too`() async throws {
        let metrics = TestedMetrics()
        let server = try await Server(on: "127.0.0.2:0", metrics: metrics.server) { try await $0.echo() }
        let running = Task { try await server.run() }
        try await withConnection(to: try #require(server.addresses.first)) { client in
            try await client.send("hello")
            #expect(try await client.read(exactly: 5) == Array("hello".utf8))
            running.cancel()
            #expect(await reason { try await running.value } == .cancelled)
        }
        #expect(metrics.active == 0)
        #expect(metrics.total("bytes_total", ("direction", "received")) == 5)
        // Being cancelled is nobody's error.
        #expect(metrics.total("errors_total", ("kind", "handler")) == 0)
    }
}
