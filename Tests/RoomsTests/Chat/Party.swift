// SPDX-License-Identifier: Apache-2.0
import Reactor
import Rooms
import Sockets
import Testing
import Wire

/// A chat that is being served.
struct Party: Sendable {
    let loop: EventLoop
    let chat: ChatServer
    let server: Server
    let address: SocketAddress

    /// Serves a chat while `body` runs.
    static func with(
        _ settings: ChatServer.Settings = .init(), backplane: (any ChatBackplane)? = nil, on loop: EventLoop,
        report: (@Sendable (Server.Event) -> Void)? = nil,
        _ body: @escaping @Sendable (Party) async throws -> Void
    ) async throws {
        let chat = try ChatServer(settings, backplane: backplane, on: loop)
        let server = try await Server(on: "127.0.0.4:0", loop: loop, report: report) { try await chat.serve($0) }
        let running = start { try await chat.run { try await server.run() } }
        let party = Party(loop: loop, chat: chat, server: server, address: try #require(server.addresses.first))
        do { try await body(party) } catch {
            server.drain(within: .zero)
            _ = try? await running.value
            throw error
        }
        server.drain(within: .seconds(10))
        try await running.value
    }

    /// Serves a chat on a ground while `body` runs.
    static func with(
        _ settings: ChatServer.Settings = .init(), on ground: Ground,
        _ body: @escaping @Sendable (Party) async throws -> Void
    ) async throws {
        try await withLoop(of: ground) { loop in try await with(settings, on: loop, body) }
    }

    /// Somebody comes, and has read the welcome.
    func guest(_ name: String? = nil) async throws -> Guest {
        let guest = Guest(try await Connector().connect(to: address, on: loop))
        try await guest.hears("* you are in lobby")
        if let name {
            try await guest.say("/nick \(name)")
            try await guest.hears("* you are now \(name)")
        }
        return guest
    }
}

/// Somebody who talks in lines.
final class Guest: Sendable {
    let connection: Connection
    private let lines: FramedConnection<LineFramer>

    init(_ connection: Connection) {
        self.connection = connection
        lines = connection.frames(LineFramer(limit: 1 << 20))
    }

    func say(_ line: String) async throws { try await connection.send(line + "\r\n") }
    func say(bytes: [UInt8]) async throws { try await connection.send(bytes) }

    /// The next line's bytes; nil at the end.
    func hearBytes() async throws -> [UInt8]? {
        connection.readDeadline = connection.loop.timeNow.advanced(by: .seconds(20))
        return try await lines.next()
    }

    /// The next line; nil at the end.
    func hear() async throws -> String? { try await hearBytes().map { String(decoding: $0, as: UTF8.self) } }

    /// Reads up to a line that begins so, and returns it.
    @discardableResult
    func hears(_ beginning: String, _ location: SourceLocation = #_sourceLocation) async throws -> String {
        var passed: [String] = []
        while let line = try await hear() {
            if line.hasPrefix(beginning) { return line }
            passed.append(line)
        }
        Issue.record("'\(beginning)' did not come, but \(passed)", sourceLocation: location)
        return ""
    }

    /// Reads everything up to the end.
    func hearsEnd() async throws -> [String] {
        var all: [String] = []
        while let line = try await hear() { all.append(line) }
        return all
    }

    func leave() { connection.close() }

    deinit { connection.close() }
}
