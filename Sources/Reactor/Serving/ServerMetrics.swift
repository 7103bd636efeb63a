// SPDX-License-Identifier: Apache-2.0
//
// Decision: a metric for a server and a loop, never for a connection or a peer: how many there are is known beforehand,
//           and a stranger can't make more. Bytes are added up on the loop, in plain numbers, and handed on at every
//           sample; connections are counted one by one.
public import CoreMetrics
import Synchronization

/// What a server is measured by, in the metrics system of the program.
///
/// ```swift
/// let server = try await Server(on: ":80", metrics: ServerMetrics(server: "front")) { try await $0.echo() }
/// ```
/// The names and their dimensions are stable. Every one has the dimension `server`.
///
/// | name | kind | further dimensions | what |
/// |---|---|---|---|
/// | `netwright_server_accepted_total` | counter | | clients that were handed to a handler |
/// | `netwright_server_refused_total` | counter | | clients whose peer had its share |
/// | `netwright_server_denied_total` | counter | | clients whose address may not come |
/// | `netwright_server_active` | meter | | handlers that run |
/// | `netwright_server_handler_seconds` | timer | | how long each handler took |
/// | `netwright_server_errors_total` | counter | `kind` | `peer`, `handler` or `accepting`: below |
/// | `netwright_server_bytes_total` | counter | `direction` | `received`, `sent`: bytes that went through the system |
/// | `netwright_server_loop_lag_seconds` | timer | `loop` | how late a timer on the loop is |
///
/// The kinds of errors: `peer` is a handler's error that any peer can bring about on its connection (a reset, silence,
/// bytes that are no frame), `handler` every other one, `accepting` a shortage of descriptors or memory.
///
/// Bytes and lag are sampled: they are told once in an ``interval`` while the server runs, and once more when it ends,
/// when the bytes are exact. The loops are numbered in the order in which the server has them: that of their group, for
/// the process's own. Two servers that run at a time have two names.
public final class ServerMetrics: Sendable {
    /// How often bytes and lag are told.
    public let interval: Duration
    private let name: String
    private let factory: any MetricsFactory
    private let accepted: Counter
    private let refused: Counter
    private let denied: Counter
    private let active: Meter
    private let handler: Timer
    private let errors: (peer: Counter, handler: Counter, accepting: Counter)
    private let bytes: (received: Counter, sent: Counter)
    private let lags = Mutex<[Int: Timer]>([:])

    /// Makes the metrics of a server.
    ///
    /// - Parameters:
    ///   - server: the value of the dimension `server`.
    ///   - interval: how often bytes and lag are told; a millisecond at least.
    ///   - factory: the metrics system; that of the program unless given.
    public init(
        server: String = "default", every interval: Duration = .seconds(1),
        factory: any MetricsFactory = MetricsSystem.factory
    ) {
        func counter(_ label: String, _ more: (String, String)...) -> Counter {
            Counter(label: "netwright_server_\(label)", dimensions: [("server", server)] + more, factory: factory)
        }
        name = server
        self.interval = max(interval, .milliseconds(1))
        self.factory = factory
        accepted = counter("accepted_total")
        refused = counter("refused_total")
        denied = counter("denied_total")
        active = Meter(label: "netwright_server_active", dimensions: [("server", server)], factory: factory)
        handler = Timer(
            label: "netwright_server_handler_seconds", dimensions: [("server", server)],
            preferredDisplayUnit: .seconds, factory: factory)
        errors = (
            counter("errors_total", ("kind", "peer")), counter("errors_total", ("kind", "handler")),
            counter("errors_total", ("kind", "accepting"))
        )
        bytes = (
            counter("bytes_total", ("direction", "received")), counter("bytes_total", ("direction", "sent"))
        )
    }

    /// Tells the metrics system that none of these will change again, so that it can forget them: for programs whose
    /// servers come and go. Call it when the last server that has them has ended.
    public func destroy() {
        for counter in [accepted, refused, denied, errors.peer, errors.handler, errors.accepting] { counter.destroy() }
        for counter in [bytes.received, bytes.sent] { counter.destroy() }
        active.destroy()
        handler.destroy()
        let timers = lags.withLock { lags in
            defer { lags = [:] }
            return lags.sorted { $0.key < $1.key }
        }
        for (_, timer) in timers { timer.destroy() }
    }

    func record(_ event: Server.Event) {
        switch event {
        case .accepted:
            accepted.increment()
            active.increment()
        case .ended(_, let duration):
            active.decrement()
            handler.recordNanoseconds(duration.wholeNanoseconds)
        case .handlerFailed(let error, _):
            (Server.Event.isPeersDoing(error) ? errors.peer : errors.handler).increment()
        case .acceptingPaused: errors.accepting.increment()
        case .refused: refused.increment()
        case .denied: denied.increment()
        case .acceptingResumed: break
        }
    }

    func record(received: Int, sent: Int) {
        if received > 0 { bytes.received.increment(by: received) }
        if sent > 0 { bytes.sent.increment(by: sent) }
    }

    /// The timer for the lag of one of the server's loops; made once.
    func lag(ofLoop number: Int) -> Timer {
        lags.withLock { lags in
            if let timer = lags[number] { return timer }
            let timer = Timer(
                label: "netwright_server_loop_lag_seconds", dimensions: [("server", name), ("loop", "\(number)")],
                preferredDisplayUnit: .seconds, factory: factory)
            lags[number] = timer
            return timer
        }
    }
}
