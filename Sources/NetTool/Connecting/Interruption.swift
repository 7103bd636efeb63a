// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Reactor
import Sockets

/// Ctrl-C and what else ends a conversation from outside: at once, the terminal as it was; or in order, where something
/// has to be tidied up.
struct Interruption: Sendable {
    private let mode: TerminalMode
    private let isOrderly: Bool
    private let signals: TerminationSignals

    /// From now on the signals wait for ``run(_:)``.
    init(mode: TerminalMode, isOrderly: Bool) async throws(ToolFailure) {
        self.mode = mode
        self.isOrderly = isOrderly
        signals = try await TerminationSignals([.interrupt, .terminate, .hangUp])
    }

    /// Runs `body` until its end, or until it is interrupted: then `body` is cancelled, or the process ends.
    ///
    /// - Returns: how the process is to end.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws -> ExitStatus {
        try await withThrowingTaskGroup(of: ExitStatus?.self) { group in
            group.addTask {
                try await body()
                return .success
            }
            group.addTask {
                let (interruptions, bell) = AsyncStream<Signal>.makeStream()
                async let _ = signals.watch(endingAt: isOrderly ? 2 : 1, beforeExit: { mode.restore() }) { signal in
                    if isOrderly { bell.yield(signal) } else { Self.leave(mode, after: signal) }
                }
                for await signal in interruptions {
                    return signal == .interrupt ? .interrupted : .failure
                }
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let status = first else { return .interrupted }
            group.cancelAll()
            // What was interrupted says so, and that is no news.
            if status != .success { while (try? await group.next()) != nil {} }
            return status
        }
    }

    /// Ends the process as the signal would.
    static func leave(_ mode: TerminalMode, after signal: Signal = .interrupt) {
        mode.restore()
        RootCommand.exit(withError: ExitCode(128 + signal.rawValue))
    }
}
