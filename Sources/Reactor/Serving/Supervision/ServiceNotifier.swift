// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Tells the service manager that started this process how it is: systemd, and whoever speaks its protocol.
///
/// ```swift
/// let manager = ServiceNotifier.ofThisProcess         // nil where nobody wants to know
/// try await manager?.tell(.ready, .status("listening on :80"))
/// ```
/// ``Server/runAsService(drainingWithin:notifying:)`` does all of it.
///
/// C: `sd_notify(3)`.
public struct ServiceNotifier: Hashable, Sendable {
    /// What there is to tell.
    public enum News: Hashable, Sendable {
        /// Everything is there: what waits for this service may start.
        case ready
        /// The settings are read anew; ``ready`` follows.
        case reloading
        /// It comes to its end.
        case stopping
        /// It lives: the watchdog is content until the next time.
        case alive
        /// What it does, for people: one line, of which 256 bytes at most are told.
        case status(String)
    }

    /// Where the manager listens.
    public let address: UnixAddress
    /// How often the manager wants to hear ``News/alive``, or it starts the service anew; nil if it does not care.
    public let watchdogInterval: Duration?

    /// A manager that listens there.
    public init(at address: UnixAddress, watchdogInterval: Duration? = nil) {
        self.address = address
        self.watchdogInterval = watchdogInterval
    }

    /// The manager that started this process, if it wants to be told.
    public static var ofThisProcess: ServiceNotifier? {
        ServiceNotifier(Environment.value, process: SystemCalls.processIdentifier)
    }

    /// - Parameters:
    ///   - variable: the value of an environment variable.
    ///   - process: this process's number: another one's watchdog is not ours to feed.
    package init?(_ variable: (String) -> String?, process: Int32) {
        guard let text = variable("NOTIFY_SOCKET"), let first = text.first else { return nil }
        switch first {
        case "/":
            guard let path = try? UnixAddress(path: text) else { return nil }
            address = path
        case "@":
            guard let name = try? UnixAddress(abstract: text.dropFirst()) else { return nil }
            address = name
        default: return nil
        }
        let isOurs = variable("WATCHDOG_PID").map { $0 == "\(process)" } ?? true
        let microseconds = variable("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
        watchdogInterval = isOurs && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Tells it, in one message.
    ///
    /// - Parameter loop: the loop to send on; the task's own, else one of the process's.
    /// - Throws: ``SocketError/isConnectionRefused``, `.system` with `ENOENT` for a manager that is not there.
    public nonisolated(nonsending) func tell(_ news: News..., on loop: EventLoop? = nil) async throws(SocketError) {
        let loop = try EventLoop.forCaller(loop, .send)
        let lines = news.map { $0.text(at: loop.timeNow) }
        let endpoint = Endpoint(.unixDatagram, .unix(address))
        let socket = try await DatagramSocket(to: endpoint, loop: loop)
        defer { socket.close() }
        try await socket.send(lines.joined(separator: "\n"))
    }

    /// Tells ``News/alive`` twice in each interval until the task is cancelled; returns at once where the manager does
    /// not care. A loop that is held by a task does not get to it: that is what a watchdog is for.
    ///
    /// - Throws: as ``tell(_:on:)``; `.cancelled`.
    public nonisolated(nonsending) func keepWatchdogContent(on loop: EventLoop? = nil) async throws(SocketError) {
        guard let watchdogInterval else { return }
        let loop = try EventLoop.forCaller(loop, .wait)
        while true {
            try await tell(.alive, on: loop)
            try await loop.sleep(for: watchdogInterval / 2)
        }
    }
}

extension ServiceNotifier.News {
    fileprivate func text(at now: LoopInstant) -> String {
        switch self {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)"
        case .stopping: "STOPPING=1"
        case .alive: "WATCHDOG=1"
        // A line's end would begin another piece of news.
        case .status(let text): "STATUS=\(text.prefix { !$0.isNewline }.quotable(maximumLength: 256))"
        }
    }
}
