// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Wire

/// A connection to a Redis server: commands out, values in. One task at a time.
final class RedisConnection {
    private let connection: Connection
    private var framer = RESPFramer()
    private var unread = ByteBuffer()

    init(_ connection: Connection) { self.connection = connection }

    func close() { connection.close() }

    nonisolated(nonsending) func send(_ command: RESPValue) async throws(SocketError) {
        var buffer = ByteBuffer()
        do throws(FramingError) { try command.encode(into: &buffer) } catch {
            throw SocketError(.send, .invalid("\(error)"))
        }
        connection.writeDeadline = connection.loop.timeNow.advanced(by: RedisBackplane.patience)
        try await connection.send(buffer.take(buffer.count))
    }

    /// The next value.
    ///
    /// - Throws: `.timedOut`, `.ended` where the server has gone, `.invalid` for what is no value and with the server's
    ///   own words for an error; as receiving does.
    nonisolated(nonsending) func next(within limit: Duration) async throws(SocketError) -> RESPValue {
        connection.readDeadline = connection.loop.timeNow.advanced(by: limit)
        while true {
            let value: RESPValue?
            do throws(FramingError) {
                value = try framer.next(in: &unread)
            } catch {
                throw SocketError(.receive, .invalid("\(error)"))
            }
            if case .error(let words)? = value {
                throw SocketError(.receive, .invalid("Redis says: \(words.quotable(maximumLength: 100))"))
            }
            if let value { return value }
            guard let bytes = try await connection.receive(upTo: 65_536) else {
                throw SocketError(.receive, .ended(after: 0, of: 1), subject: "the server has gone")
            }
            unread.append(contentsOf: bytes)
        }
    }

    /// The next value, however long it takes: a server that is silent for a while is asked whether it is there.
    nonisolated(nonsending) func next(askingAfter limit: Duration) async throws(SocketError) -> RESPValue {
        do throws(SocketError) { return try await next(within: limit) } catch {
            if error.reason != .timedOut { throw error }
        }
        try await send(.command("PING"))
        return try await next(within: limit)
    }

    /// Says who we are, where that is asked for.
    nonisolated(nonsending) func authenticate(_ address: RedisAddress) async throws(SocketError) {
        guard let password = address.password else { return }
        let words = ["AUTH"] + (address.user.map { [$0] } ?? []) + [password]
        try await send(.array(words.map { .bulk(Array($0.utf8)) }))
        _ = try await next(within: RedisBackplane.patience)
    }
}
