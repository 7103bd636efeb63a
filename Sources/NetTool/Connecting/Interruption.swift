// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// Ctrl-C and what else ends a conversation from outside: at once, the terminal as it was; or in order, where something
/// has to be tidied up.
final class Interruption: Sendable {
    private let mode: TerminalMode
    private let isOrderly: Bool
    private let signals: TerminationSignals
    private let news: AsyncStream<Signal>
    private let bell: AsyncStream<Signal>.Continuation
    /// Whether the end has begun.
    private let isEnding = Atomic(false)

    /// From now on the signals wait for ``run(_:)``.
    init(mode: TerminalMode, isOrderly: Bool) async throws(ToolFailure) {
        self.mode = mode
        self.isOrderly = isOrderly
        (news, bell) = AsyncStream.makeStream()
        signals = try await TerminationSignals([.interrupt, .terminate, .hangUp])
    }

    /// Runs `body` until its end, or until it is interrupted: then `body` is cancelled, or the process ends.
    ///
    /// - Returns: how the process is to end.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws -> ExitStatus {
        // To the very end: a second ctrl-C may come while what was begun is tidied up.
        async let _ = watch()
        return try await withThrowingTaskGroup(of: ExitStatus?.self) { group in
            group.addTask {
                try await body()
                return .success
            }
            group.addTask { [self] in
                for await signal in news { return ExitStatus(endedBy: signal) }
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

    private func watch() async {
        await signals.watch(beforeExit: { [mode] in mode.restore(forGood: true) }) { [self] in note($0) }
    }

    /// Ctrl-C came as a key: a terminal that is raw makes no signal of it.
    func interrupt() { note(.interrupt) }

    private func note(_ signal: Signal) {
        let isFirst = !isEnding.exchange(true, ordering: .relaxed)
        // A second ctrl-C means now.
        if isOrderly && (isFirst || signal != .interrupt) {
            bell.yield(signal)
        } else {
            mode.restore(forGood: true)
            RootCommand.leave(with: ExitStatus(endedBy: signal).rawValue)
        }
    }
}
