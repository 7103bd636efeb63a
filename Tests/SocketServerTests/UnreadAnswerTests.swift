// SPDX-License-Identifier: Apache-2.0
import Reactor
import SocketServer
import Sockets
import TestSupport
import Testing

/// A UNIX client that asks and does not read. Its queue is full from the beginning, however long the system's are.
private final class SilentClient {
    private var socket: Socket

    init(at path: String) throws {
        socket = try Socket(.unix, .datagram)
        let address = SocketAddress.unix(try UnixAddress(path: path))
        try socket.bind(to: address)
        try socket.setTimeLimit(.seconds(20))
        // Each stranger sends what its own buffer has room for.
        var count = 0
        repeat {
            let stranger = try Socket(.unix, .datagram)
            count = 0
            while (try? stranger.send([UInt8(0)], to: address, flags: .dontWait)) != nil { count += 1 }
        } while count > 0
    }

    /// Sends a request to which there is no room for an answer.
    func ask(_ server: SocketAddress) throws { try socket.send("unread".utf8, to: server) }

    /// Reads at last, until there is an answer.
    func read() throws -> String {
        while true {
            let bytes = try #require(try socket.receive(upTo: 100))
            if bytes != [0] { return String(decoding: bytes, as: UTF8.self) }
        }
    }
}

private struct AsyncEchoing: AsyncDatagramRequestHandler {
    func handle(_ request: AsyncDatagramRequest) async throws { try await request.reply(request.packet) }
}

/// Answers by the server's own socket, as a handler of Python does.
private struct DirectEchoing: DatagramRequestHandler {
    func handle(_ request: DatagramRequest) throws {
        try request.socket.send(request.packet, to: try #require(request.clientAddress))
    }
}

/// A server in this process, and what its handlers threw.
private final class Answering {
    let server: UnixDatagramServer
    let errors = Record()
    private let directory: TemporaryDirectory

    init(
        _ policy: RequestConcurrency, _ configuration: ServerConfiguration, _ style: Style = .blocking,
        answersDirectly: Bool = false
    ) throws {
        directory = try TemporaryDirectory()
        let endpoint = "unix:\(directory.file("s"))"
        let report: @Sendable (Server.Event) -> Void = { [errors] event in
            if case .handlerFailed(let error, _) = event { errors.note("\(error)") }
        }
        if answersDirectly {
            server = try UnixDatagramServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: DirectEchoing.init)
        } else if style == .blocking {
            server = try UnixDatagramServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: Echoing.init)
        } else {
            server = try UnixDatagramServer(
                on: endpoint, configuration: configuration, concurrency: policy, report: report,
                handler: AsyncEchoing.init)
        }
    }

    func silentClient() throws -> SilentClient { try SilentClient(at: directory.file("silent")) }
}

/// Answers that find no room. P12, P22
@Suite(.blocking) struct UnreadAnswerTests {
    private static let policies: [RequestConcurrency] = [.sequential, .threads(maximum: 2), .tasks(maximum: 2)]
    private static let combinations = Combination.datagrams.filter { $0.transport == .unixDatagram }

    // As it is, and where the limit of the request comes first.
    @Test(arguments: combinations, [[], ["request-limit=300", "reply-limit=60000"]])
    func `a client that never reads makes no server deaf`(
        _ combination: Combination, _ settings: [String]
    ) async throws {
        try await places.take {
            let server = try ServedProgram(combination, settings + ["maximum=2"])
            let silent = try SilentClient(at: server.clientPath("silent"))
            // As many as are handled at a time.
            let count = combination.policy == .sequential ? 1 : 2
            for _ in 0..<count { try silent.ask(server.address) }
            let other = try server.datagramClient()
            #expect(try other.ask("hello") == "HELLO")
            // "timed out", or of a process that was killed "its time was up".
            #expect(try server.program.line(containing: "failed: ").contains("time"))
            for _ in 0..<count { try silent.ask(server.address) }
            #expect(try server.end().hasSuffix("children 0"))
        }
    }

    @Test(arguments: policies, Style.allCases)
    func `a server that is shut down waits for no answer`(_ policy: RequestConcurrency, _ style: Style) throws {
        var configuration = ServerConfiguration()
        configuration.replyLimit = .seconds(600)
        configuration.closeLimit = .milliseconds(50)
        let answering = try Answering(policy, configuration, style)
        let silent = try answering.silentClient()
        try withServing(answering.server) { server in
            try silent.ask(server.address)
            try wait { server.activeRequests == 1 }
        }
        // Tasks are cancelled too, and nothing is told of those.
        let closed = answering.errors.all.filter { $0.hasPrefix("send ") && $0.hasSuffix(": closed") }
        #expect(answering.errors.all == closed)
        if case .tasks = policy { return }
        #expect(closed.count == 1)
    }

    @Test(arguments: policies, Style.allCases)
    func `a client that reads late is answered`(_ policy: RequestConcurrency, _ style: Style) throws {
        var configuration = ServerConfiguration()
        configuration.replyLimit = .seconds(20)
        let answering = try Answering(policy, configuration, style)
        let silent = try answering.silentClient()
        try withServing(answering.server) { server in
            try silent.ask(server.address)
            try wait { server.activeRequests == 1 }
            #expect(try silent.read() == "unread")
        }
        #expect(answering.errors.all == [])
    }

    @Test func `an answer by the server's own socket waits no longer either`() throws {
        let answering = try Answering(.sequential, ServerConfiguration(), answersDirectly: true)
        let silent = try answering.silentClient()
        try withServing(answering.server) { server in
            try silent.ask(server.address)
            try wait { answering.errors.all.count == 1 }
        }
        #expect(answering.errors.all.allSatisfy { $0.hasSuffix(": timed out") }, "\(answering.errors.all)")
    }

    @Test func `without a limit an answer without room fails at once, and a negative limit is refused`() throws {
        var configuration = ServerConfiguration()
        configuration.replyLimit = .zero
        let answering = try Answering(.sequential, configuration)
        let silent = try answering.silentClient()
        try withServing(answering.server) { server in
            try silent.ask(server.address)
            try wait { answering.errors.all.count == 1 }
        }
        #expect(answering.errors.all.allSatisfy { $0.hasSuffix(": timed out") }, "\(answering.errors.all)")
        configuration.replyLimit = .milliseconds(-1)
        #expect { _ = try Answering(.sequential, configuration) } throws: {
            "\($0)".contains("is negative")
        }
    }
}
