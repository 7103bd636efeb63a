// SPDX-License-Identifier: Apache-2.0
import Reactor
import Rooms
import Sockets

/// A handler whose clients have something in common: `chat`, where each hears the others, and `files`, which all read
/// from one directory.
final class RoomService: Sendable {
    private enum Kind {
        case chat(ChatServer)
        case files(any Directory)
    }

    private let kind: Kind
    private let log: ClientLog

    /// Prepares what the clients will have in common; nil for a handler that has nothing of the kind.
    init?(
        _ handler: ListenHandler, _ options: ListenOptions, on loop: EventLoop, log: ClientLog
    ) async throws(ToolFailure) {
        switch handler {
        case .chat: kind = .chat(try Self.chat(options, on: loop, log))
        case .files(let path):
            do throws(FileError) { kind = .files(try await loop.world.files.openDirectory(at: path)) } catch {
                throw ToolFailure(.noInput, "\(error)")
            }
        default: return nil
        }
        self.log = log
    }

    private static func chat(
        _ options: ListenOptions, on loop: EventLoop, _ log: ClientLog
    ) throws(ToolFailure) -> ChatServer {
        var settings = ChatServer.Settings()
        settings.limits.history = options.rooms.history ?? 0
        settings.encoding = options.encoding?.encoding ?? .utf8
        let backplane = options.rooms.backplane.map { address in
            RedisBackplane(at: address) { event in
                switch event {
                case .connected: log.news("the rooms are shared by \(address)")
                case .disconnected(let reason): log.news("the rooms are not shared for now: \(reason)")
                }
            }
        }
        do throws(ChatError) { return try ChatServer(settings, backplane: backplane, on: loop) } catch {
            throw ToolFailure(.usage, "\(error)")
        }
    }

    /// Runs a server whose clients are handed to ``serve(_:_:)``.
    nonisolated(nonsending) func run(_ server: Server) async throws {
        guard case .chat(let chat) = kind else { return try await server.run() }
        try await chat.run { try await server.run() }
    }

    /// Serves a client until it ends, or is let go.
    nonisolated(nonsending) func serve(_ connection: Connection, _ client: ClientRecord) async throws {
        switch kind {
        case .chat(let chat):
            try await chat.serve(connection) { traffic in
                client.note(
                    linesIn: traffic.linesIn, linesOut: traffic.linesOut, bytesIn: traffic.bytesIn,
                    bytesOut: traffic.bytesOut)
            }
        case .files(let directory):
            let exchange = FileExchange(of: directory) { [log] event in
                switch event {
                case .wanted(let name, _): try? log.line("wants \(name)", from: client.name)
                case .refused(let name, _, let reason): try? log.line("gets no \(name): \(reason)", from: client.name)
                case .sent(let name, let count, _):
                    try? log.line("got \(count) bytes of \(name)", from: client.name)
                }
            }
            // Requests that are none count too, and what went of a file that broke off.
            let counted = try await connection.counted { count, direction in
                if direction == .receiving { client.note(bytesIn: count) } else { client.note(bytesOut: count) }
            }
            try await exchange.serve(counted)
        }
    }
}
