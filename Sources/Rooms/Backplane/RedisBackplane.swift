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
/// A server that goes away, or refuses, is connected to again, after 100 ms and then less and less often (10 s at most,
/// by chance), until it has answered well for some seconds.
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
        /// The rooms are shared.
        case connected
        /// They are not, for this reason, and it tries again. An outage is told once; but what the server itself says
        /// of it, `NOAUTH …`, is told too where it says so later.
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
    private var news = BackplaneNews()

    /// How long the server may be silent before it is asked whether it is there, and may take to answer anything.
    static let patience = Duration.seconds(10)
    /// How long it has to work before the next outage is a new one: a server may answer well and fail then, each time.
    private static let steady = Duration.seconds(5)

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
                await again(.telling, on: loop) { connection, hasAnswered throws(SocketError) in
                    try await publishAll(on: connection, hasAnswered)
                }
            }
            await again(.hearing, on: loop) { connection, hasAnswered throws(SocketError) in
                try await hear(on: connection, hasAnswered, receive)
            }
        }
    }

    /// Connects and does something, again and again, until the task is cancelled.
    private nonisolated(nonsending) func again(
        _ way: BackplaneNews.Way, on loop: EventLoop,
        _ work: nonisolated(nonsending) (RedisConnection, _ hasAnswered: () -> Void) async throws(SocketError) -> Void
    ) async {
        var backoff = Backoff(initial: .milliseconds(100), factor: 2, jitter: 0.25, maximum: .seconds(10))
        var randomness = loop.world.randomness
        while !Task.isCancelled {
            var worksSince: LoopInstant?
            do throws(SocketError) {
                if way == .telling { try await waitForMessages() }
                let connection = RedisConnection(try await connector.connect(to: address.endpoint, on: loop))
                defer { connection.close() }
                try await connection.authenticate(address)
                try await work(connection) {
                    if worksSince != nil { return }
                    worksSince = loop.timeNow
                    tell(news.succeeded(way))
                }
            } catch {
                // A server may close a connection on which nothing was published for a while: that is no news.
                let isNews = way == .hearing || worksSince == nil
                if isNews, error.reason != .cancelled { tell(news.failed(way, error)) }
            }
            if let worksSince, worksSince.duration(to: loop.timeNow) >= Self.steady { backoff.reset() }
            guard let pause = backoff.next(using: &randomness) else { return }
            do throws(SocketError) { try await loop.sleep(for: pause) } catch { return }
        }
    }

    private func tell(_ event: Event?) {
        if let event { report?(event) }
    }

    // MARK: Hearing

    private nonisolated(nonsending) func hear(
        on connection: RedisConnection, _ hasAnswered: () -> Void, _ receive: @Sendable (ChatMessage) -> Void
    ) async throws(SocketError) {
        try await connection.send(.command("SUBSCRIBE", address.channel))
        let answer = try await connection.next(within: Self.patience)
        guard case .array(let parts?) = answer, parts.count == 3, parts[0].bytes == Self.subscribe else {
            throw Self.unexpected
        }
        hasAnswered()
        while true {
            let value = try await connection.next(askingAfter: Self.patience)
            guard case .array(let parts?) = value, parts.count == 3, parts[0].bytes == Self.message,
                let bytes = parts[2].bytes, let message = BackplaneMessage(bytes), message.origin != origin,
                seen.isNew(message)
            else { continue }
            receive(message.message)
        }
    }

    private static let unexpected = SocketError(.receive, .invalid("an answer that is not Redis'"))
    private static let subscribe = Array("subscribe".utf8)
    private static let message = Array("message".utf8)

    // MARK: Publishing

    private nonisolated(nonsending) func waitForMessages() async throws(SocketError) {
        while waiting.isEmpty { try await publishNews?.wait(.wait, until: .never) }
    }

    private nonisolated(nonsending) func publishAll(
        on connection: RedisConnection, _ hasAnswered: () -> Void
    ) async throws(SocketError) {
        while true {
            try await waitForMessages()
            // Several at a time; each stays here until the server has answered for it.
            let (batch, before) = (waiting.prefix(Self.batch), goneCount)
            for bytes in batch { try await connection.send(.command(Self.publish, Array(address.channel.utf8), bytes)) }
            for index in 1...batch.count {
                guard case .integer = try await connection.next(within: Self.patience) else { throw Self.unexpected }
                hasAnswered()
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
