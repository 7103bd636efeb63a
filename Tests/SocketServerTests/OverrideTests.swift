// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import SocketServer
import Sockets
import Synchronization
import TestSupport
import Testing

/// What was called, in order.
final class Record: Sendable {
    private let entries = Mutex<[String]>([])

    func note(_ text: String) { entries.withLock { $0.append(text) } }
    var all: [String] { entries.withLock { $0 } }
    func contains(_ text: String) -> Bool { all.contains(text) }
}

/// Every override point: notes that it was called, and does what the server would.
private struct Noting: ServerOverrides {
    let record: Record
    var refuses = false

    func serverBind(_ socket: borrowing Socket) throws(SocketError) {
        record.note("serverBind")
        try socket.set(.keepAlive, to: true)
    }

    func serverActivate(_ socket: borrowing Socket) throws(SocketError) {
        let isListening = try socket[.isListening]
        record.note("serverActivate \(isListening)")
    }

    func getRequest(_ server: BaseServer) throws(SocketError) -> IncomingRequest? {
        record.note("getRequest")
        return try server.nextRequest()
    }

    func verifyRequest(_ request: IncomingRequest, _ server: BaseServer) -> Bool {
        record.note("verifyRequest")
        return !refuses
    }

    func processRequest(_ request: IncomingRequest, _ server: BaseServer) throws {
        record.note("processRequest")
        try server.process(request)
    }

    func finishRequest(_ request: IncomingRequest, _ server: BaseServer) throws {
        record.note("finishRequest")
        try server.finish(request)
    }

    func finishAsyncRequest(_ request: IncomingRequest, _ server: BaseServer) async throws {
        record.note("finishRequest")
        try await server.finishAsync(request)
    }

    func shutdownRequest(_ request: IncomingRequest, _ server: BaseServer) {
        record.note("shutdownRequest")
        server.shutDown(request)
    }

    func closeRequest(_ request: IncomingRequest, _ server: BaseServer) {
        record.note("closeRequest")
        server.close(request)
    }

    func handleError(_ error: any Error, _ request: IncomingRequest?, _ server: BaseServer) {
        record.note("handleError \(error)")
    }

    func handleTimeout(_ server: BaseServer) { record.note("handleTimeout") }
    func serviceActions(_ server: BaseServer) { record.note("serviceActions") }
}

/// Notes the three calls of a handler.
private struct Steps: StreamRequestHandler {
    let record: Record
    var failsIn = ""

    func setup(_ request: StreamRequest) throws { try step("setup") }

    func handle(_ request: StreamRequest) throws {
        try step("handle")
        let peer = try request.socket.peerAddress
        try request.writer.write("\(peer == request.clientAddress)\n")
    }

    func finish(_ request: StreamRequest) throws { try step("finish") }

    private func step(_ name: String) throws {
        record.note(name)
        if name == failsIn { throw Failure(step: name) }
    }

    struct Failure: Error, CustomStringConvertible {
        let step: String
        var description: String { "\(step) failed" }
    }
}

private struct AsyncSteps: AsyncStreamRequestHandler {
    let record: Record

    func setup(_ request: AsyncStreamRequest) async throws { record.note("setup") }

    func handle(_ request: AsyncStreamRequest) async throws {
        record.note("handle")
        try await request.connection.send("\(request.clientAddress != nil)\n")
    }

    func finish(_ request: AsyncStreamRequest) async throws { record.note("finish") }
}

/// The points at which a server can be changed.
@Suite(.blocking) struct OverrideTests {
    private static let policies: [RequestConcurrency] = [.sequential, .threads(), .tasks()]
    private static let order = [
        "serverBind", "serverActivate true", "getRequest", "verifyRequest", "processRequest", "finishRequest", "setup",
        "handle", "finish", "shutdownRequest", "closeRequest",
    ]

    // B-SRV-02, B-SRV-08
    @Test(arguments: policies)
    func `everything is called in Python's order`(_ policy: RequestConcurrency) throws {
        let record = Record()
        let server = try TCPServer(
            on: "127.0.0.4:0", concurrency: policy, overrides: Noting(record: record),
            handler: { Steps(record: record) })
        #expect(try server.socket?.socket[.keepAlive] == true)
        try serveOne(server)
        #expect(record.all == Self.order)
    }

    //
    @Test(arguments: policies)
    func `the same goes for asynchronous handlers`(_ policy: RequestConcurrency) throws {
        let record = Record()
        let server = try TCPServer(
            on: "127.0.0.4:0", concurrency: policy, overrides: Noting(record: record),
            handler: { AsyncSteps(record: record) })
        try serveOne(server)
        #expect(record.all == Self.order)
    }

    private func serveOne(_ server: TCPServer) throws {
        let client = try talk(to: server)
        #expect(try server.handleRequest(within: .seconds(20)))
        #expect(try client.readLine(as: .utf8) == "true")
        #expect(try client.readLine() == nil)
        try server.close()
    }

    // finish comes after a failure, but for one in setup.
    @Test(arguments: [
        ("setup", ["setup"]), ("handle", ["setup", "handle", "finish"]), ("finish", ["setup", "handle", "finish"]),
    ])
    func `what fails is told, and the rest is as in Python`(failing: String, calls: [String]) throws {
        let record = Record()
        let overrides = Noting(record: record)
        let server = try TCPServer(
            on: "127.0.0.4:0", overrides: overrides, handler: { Steps(record: record, failsIn: failing) })
        let client = try talk(to: server)
        try server.handleRequest(within: .seconds(20))
        _ = try client.readToEnd(maximumLength: 100)
        let expected = Self.order.prefix(6) + calls + ["handleError \(failing) failed"] + Self.order.suffix(2)
        #expect(record.all == Array(expected))
        try server.close()
    }

    //
    @Test func `a request that is not wanted is shut down unhandled`() throws {
        let record = Record()
        let server = try TCPServer(
            on: "127.0.0.4:0", overrides: Noting(record: record, refuses: true), handler: { Steps(record: record) })
        let client = try talk(to: server)
        try server.handleRequest(within: .seconds(20))
        #expect(try client.readLine() == nil)
        #expect(record.all == Array(Self.order.prefix(4) + Self.order.suffix(2)))
        try server.close()
    }

    // B-SRV-01
    @Test func `handleRequest gives up in time and says so`() throws {
        let record = Record()
        var configuration = ServerConfiguration()
        configuration.timeLimit = .milliseconds(10)
        let server = try UDPServer(
            on: "127.0.0.4:0", configuration: configuration, overrides: Noting(record: record),
            handler: Echoing.init)
        #expect(try !server.handleRequest())
        #expect(record.all.last == "handleTimeout")
        #expect(try !server.handleRequest(within: .zero))
        try server.close()
    }

    // B-SRV-01
    @Test(arguments: policies)
    func `service actions are called while nothing happens, and may end the server`(_ policy: RequestConcurrency) throws
    {
        struct Ending: ServerOverrides {
            let count = Counter()
            func serviceActions(_ server: BaseServer) { if count.next() == 3 { server.shutdown() } }
        }
        let server = try TCPServer(
            on: "127.0.0.4:0", concurrency: policy, overrides: Ending(), handler: { Steps(record: Record()) })
        let thread = BlockingThread { try server.serveForever(pollInterval: .milliseconds(1)) }
        try thread.join()
        try server.close()
    }

    // B-SRV-11
    @Test func `withServer closes whatever comes`() throws {
        struct Planned: Error {}
        var address: SocketAddress?
        #expect(throws: Planned.self) {
            try withServer(try TCPServer(on: "127.0.0.4:0", handler: { Steps(record: Record()) })) { server in
                address = server.address
                throw Planned()
            }
        }
        let known = try #require(address)
        #expect(throws: SocketError.self) { _ = try Socket.connecting(to: known) }
    }
}

/// Counts.
final class Counter: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock {
            $0 += 1; return $0
        }
    }
}

/// Gives a datagram back.
struct Echoing: DatagramRequestHandler {
    func handle(_ request: DatagramRequest) throws { try request.writer.write(request.packet) }
}
