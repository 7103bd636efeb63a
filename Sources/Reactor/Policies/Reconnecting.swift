// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// What a body of ``withReconnection(to:backoff:resetAfter:by:on:report:_:)`` throws to be run again with a new
/// connection: the peer has ended, and that is no reason to stop.
public struct Reconnect: Error, Hashable, Sendable {
    /// Asks for a new connection.
    public init() {}
}

/// What became of a connection that is made again and again.
public enum ReconnectionEvent: Sendable {
    /// It is there; `attempts` is how many it took.
    case connected(peer: SocketAddress?, attempts: Int)
    /// It could not be made, or it broke, or ``Reconnect`` was thrown; the next attempt is after so long.
    case waiting(any Error, for: Duration)
}

/// Connects and runs `body`, and when the connection can't be made or breaks, waits and does both again: until `body`
/// returns, or there are no retries left.
///
/// ```swift
/// try await withReconnection(to: "feed.example.test:9000", backoff: Backoff(retries: 10)) { connection in
///     for try await line in connection.lines { handle(line) }
///     throw Reconnect()                                                   // the server has gone: it will be back
/// }
/// ```
/// What `body` throws of its connection (reset, silence over a deadline, an end in the middle) and ``Reconnect`` make
/// it run again; everything else it throws is thrown. So is what no other attempt would change: an address that is
/// none, a cancelled task, the task's own deadline. Time and chance come from the loop's world.
///
/// - Parameters:
///   - backoff: how long to wait each time, and how often.
///   - resetAfter: a connection that has lasted so long begins the waits anew. One that breaks at once does not, or a
///     server that accepts and fails would be asked without a pause.
///   - connector: how to connect.
///   - loop: the loop to connect on; the task's own, else one of the process's.
///   - report: told of each connection and each wait, on the loop.
/// - Returns: what `body` returned.
/// - Throws: the last failure when no retry is left; what `body` throws otherwise.
///
/// Twisted: `ReconnectingClientFactory`, `ClientService`.
public nonisolated(nonsending) func withReconnection<Result: Sendable>(
    to endpoint: some EndpointConvertible, backoff: Backoff = Backoff(), resetAfter: Duration = .seconds(10),
    by connector: Connector = Connector(), on loop: EventLoop? = nil,
    report: (@Sendable (ReconnectionEvent) -> Void)? = nil, _ body: @Sendable (Connection) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop.forCaller(loop, .connect)
    return try await withTaskExecutorPreference(loop) {
        var series = Series(backoff, resetAfter: resetAfter, on: loop, report: report)
        while true {
            do {
                let connection = try await connector.connect(to: endpoint, on: loop)
                defer { connection.close() }
                series.begin(connection)
                return try await withOwnership(of: connection) { try await body(connection) }
            } catch {
                try await series.pause(after: error)
            }
        }
    }
}

/// Connections one after the other.
private struct Series {
    private var backoff: Backoff
    private var randomness: Randomness
    private let resetAfter: Duration
    private let loop: EventLoop
    private let report: (@Sendable (ReconnectionEvent) -> Void)?
    /// Attempts since the last connection.
    private var attempts = 0
    /// Since when the connection is there; nil while there is none.
    private var begin: LoopInstant?

    init(
        _ backoff: Backoff, resetAfter: Duration, on loop: EventLoop, report: (@Sendable (ReconnectionEvent) -> Void)?
    ) {
        self.backoff = backoff
        self.resetAfter = resetAfter
        self.loop = loop
        self.report = report
        randomness = loop.world.randomness
    }

    mutating func begin(_ connection: Connection) {
        report?(.connected(peer: connection.peer, attempts: attempts + 1))
        attempts = 0
        begin = loop.timeNow
    }

    /// Waits until the next attempt.
    ///
    /// - Throws: `error` where there is none; `.cancelled`, `.timedOut`.
    mutating func pause(after error: any Error) async throws {
        guard isWorthAnother(error) else { throw error }
        let now = loop.timeNow
        if let begin, begin.duration(to: now) >= resetAfter { backoff.reset() }
        if begin == nil { attempts += 1 }
        begin = nil
        guard now < Deadline.current, let pause = backoff.next(using: &randomness) else { throw error }
        report?(.waiting(error, for: pause))
        try await loop.sleep(for: pause)
    }

    private func isWorthAnother(_ error: any Error) -> Bool {
        if Task.isCancelled { return false }
        if error is Reconnect { return true }
        guard let failure = error as? SocketError ?? (error as? FrameError)?.connectionError else { return false }
        if begin != nil { return Server.Event.isPeersDoing(failure) }
        switch failure.reason {
        case .address, .cancelled, .invalid, .unsupported: return false
        default: return true
        }
    }
}
