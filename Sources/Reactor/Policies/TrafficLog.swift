// SPDX-License-Identifier: Apache-2.0
public import Logging
public import Sockets

/// Where what passes on a connection is written, and how. Nothing that a peer sends reaches a log as it is: what is not
/// plain ASCII is `\x` and two digits, a quote and a backslash too (promises: every byte from the wire is escaped).
///
/// ```swift
/// let connection = try await connection.logged(to: TrafficLog(logger, form: .lines))
/// ```
/// | message | keys | when |
/// |---|---|---|
/// | `received`, `sent` | `peer`, `text`, `bytes` | a piece or a line has passed; what the kernel moves has no `text` |
/// | `peer has ended` | `peer` | the end of what the peer sends |
///
/// `bytes` is how many there were, whatever `text` shows of them. Texts and keys are stable.
///
/// Twisted: `TrafficLoggingFactory`, `SpewingFactory`.
public struct TrafficLog: Sendable {
    /// What makes an entry.
    public enum Form: Hashable, Sendable {
        /// What is received, or sent, at once.
        case pieces
        /// A line, whatever pieces it comes in; its end is not shown. Of a line that is longer than the limit no more
        /// is kept.
        case lines
    }

    /// Where the entries go. It is used on the connection's loop, so that its handler must not block.
    public let logger: Logger
    /// How loud the entries are.
    public let level: Logger.Level
    /// What makes an entry.
    public let form: Form
    /// The most bytes that an entry shows; `…` stands for the rest.
    public let maximumLength: Int

    /// A log.
    ///
    /// - Precondition: `maximumLength` is at least 1.
    public init(_ logger: Logger, level: Logger.Level = .debug, form: Form = .pieces, maximumLength: Int = 256) {
        precondition(maximumLength >= 1, "an entry that shows nothing is none")
        self.logger = logger
        self.level = level
        self.form = form
        self.maximumLength = maximumLength
    }

    /// Whether anybody would see an entry.
    var isWanted: Bool { logger.logLevel <= level }

    func write(_ message: Logger.Message, about peer: SocketAddress?, text: String? = nil, bytes: Int? = nil) {
        var metadata = Logger.Metadata()
        if let peer { metadata["peer"] = "\(peer)" }
        if let text { metadata["text"] = .string(text) }
        if let bytes { metadata["bytes"] = "\(bytes)" }
        logger.log(level: level, message, metadata: metadata)
    }
}

extension Connection {
    /// The same connection, whose traffic is written down.
    ///
    /// - Throws: as ``wrapped(by:)``.
    public nonisolated(nonsending) func logged(to log: TrafficLog) async throws(SocketError) -> Connection {
        try await wrapped { LoggedTransport($0, log) }
    }
}
