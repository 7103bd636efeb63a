// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a connection that has subscribed to a channel can't publish (RESP2), and Redis keeps nothing: what is
//           published while nobody is subscribed is gone. Of a message whose answer did not come nobody knows whether
//           it was published.
// Decision: two connections. What could not be published waits, up to a limit, and goes again after a reconnection;
//           each message has its chat's name and a number that only grows, and who hears it passes over what it has
//           seen.
// Cost:     what others say while our subscription is away we don't hear.
public import Reactor
import Sockets
import Wire

/// Joins chats through a channel of a Redis server.
///
/// ```swift
/// let chat = try ChatServer(backplane: RedisBackplane(at: RedisAddress("redis://broker.example")), on: loop)
/// ```
/// A server that goes away is connected to again, after 100 ms and then less and less often (10 s at most, by chance).
/// Meanwhile the chats talk on by themselves; the last ``maximumWaiting`` messages are told when it is back. A message
/// is told to nobody twice. What is said elsewhere while this chat is cut off does not reach it: Redis keeps nothing.
///
/// Whoever may write to the channel may speak in every room, in any name: a server with a password, or of one's own.
public final class RedisBackplane: ChatBackplane, @unchecked Sendable {
    /// The most messages that wait to be published; the oldest go first.
    public static let maximumWaiting = 1000
    /// The most bytes of them.
    static let maximumWaitingBytes = 1 << 20

    /// What a backplane tells of itself, on its loop.
    public enum Event: Hashable, Sendable {
        /// It hears the others.
        case connected
        /// It does not, for this reason, and tries again.
        case disconnected(String)
    }

    /// Where the server is.
    public let address: RedisAddress
    private let report: (@Sendable (Event) -> Void)?
    private let connector: Connector

    // What follows is touched by the chat's loop alone.

    private var origin = ""
    private var lastNumber: UInt64 = 0
    private var waiting: [[UInt8]] = []
    private var waitingBytes = 0
    /// How many of them were dropped or published so far: those under way may go in between.
    private var goneCount = 0
    private var publishNews: Waiting?
    private var seen = SeenMessages()

    /// How long the server may be silent before it is asked whether it is there, and may take to answer anything.
    static let patience = Duration.seconds(10)

    /// A backplane by a server.
    public init(at address: RedisAddress, report: (@Sendable (Event) -> Void)? = nil) {
        self.address = address
        self.report = report
        connector = Connector(timeout: .seconds(5))
    }

    /// Keeps a message until it is published.
    public func publish(_ message: ChatMessage) {
        lastNumber += 1
        let numbered = BackplaneMessage(origin: origin, number: lastNumber, message: message)
        if origin.isEmpty { return }
        let bytes = numbered.bytes
        waiting.append(bytes)
        waitingBytes += bytes.count
        while waiting.count > Self.maximumWaiting || waitingBytes > Self.maximumWaitingBytes { removeFirst(1) }
        publishNews?.wake()
    }

    /// Publishes and hears until the task is cancelled.
    public nonisolated(nonsending) func run(
        on loop: EventLoop, _ receive: @Sendable (ChatMessage) -> Void
    ) async {
        let name = loop.world.randomness.bytes(12).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        origin = name.joined()
        publishNews = Waiting(on: loop)
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { [self] in
                await again(on: loop, isNews: false) { connection throws(SocketError) in
                    try await publishAll(on: connection)
                }
            }
            await again(on: loop, isNews: true) { connection throws(SocketError) in
                try await hear(on: connection, receive)
            }
        }
    }

    /// Connects and does something, again and again, until the task is cancelled.
    private nonisolated(nonsending) func again(
        on loop: EventLoop, isNews: Bool,
        _ work: nonisolated(nonsending) (RedisConnection) async throws(SocketError) -> Void
    ) async {
        var backoff = Backoff(initial: .milliseconds(100), factor: 2, jitter: 0.25, maximum: .seconds(10))
        var randomness = loop.world.randomness
        while !Task.isCancelled {
            do throws(SocketError) {
                let connection = RedisConnection(try await connector.connect(to: address.endpoint, on: loop))
                defer { connection.close() }
                try await connection.authenticate(address)
                backoff.reset()
                try await work(connection)
            } catch {
                if isNews, error.reason != .cancelled { report?(.disconnected("\(error)")) }
            }
            guard let pause = backoff.next(using: &randomness) else { return }
            do throws(SocketError) { try await loop.sleep(for: pause) } catch { return }
        }
    }

    // MARK: Hearing

    private nonisolated(nonsending) func hear(
        on connection: RedisConnection, _ receive: @Sendable (ChatMessage) -> Void
    ) async throws(SocketError) {
        try await connection.send(.command("SUBSCRIBE", address.channel))
        while true {
            let value = try await connection.next(askingAfter: Self.patience)
            guard case .array(let parts?) = value, parts.count == 3 else { continue }
            switch parts[0].bytes {
            case Self.subscribe: report?(.connected)
            case Self.message:
                guard let bytes = parts[2].bytes, let message = BackplaneMessage(bytes), message.origin != origin,
                    seen.isNew(message)
                else { continue }
                receive(message.message)
            default: continue
            }
        }
    }

    private static let subscribe = Array("subscribe".utf8)
    private static let message = Array("message".utf8)

    // MARK: Publishing

    private nonisolated(nonsending) func publishAll(on connection: RedisConnection) async throws(SocketError) {
        while true {
            while waiting.isEmpty { try await publishNews?.wait(.wait, until: .never) }
            // Several at a time; each stays here until the server has answered for it.
            let (batch, before) = (waiting.prefix(Self.batch), goneCount)
            for bytes in batch { try await connection.send(.command(Self.publish, Array(address.channel.utf8), bytes)) }
            for index in 1...batch.count {
                if case .error(let words) = try await connection.next(within: Self.patience) {
                    throw SocketError(.send, .invalid("Redis says: \(words.quotable(maximumLength: 100))"))
                }
                removeFirst(before + index - goneCount)
            }
        }
    }

    private static let publish = Array("PUBLISH".utf8)
    private static let batch = 64

    private func removeFirst(_ count: Int) {
        guard count > 0 else { return }
        waitingBytes -= waiting.prefix(count).reduce(0) { $0 + $1.count }
        waiting.removeFirst(min(count, waiting.count))
        goneCount += count
    }
}
