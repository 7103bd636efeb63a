// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a loop that is stuck (a reader of standard output that does not read) can't act on a signal; a person who
//           types ctrl-C a second time means now.
// Decision: the signals come on a loop of their own, which ends the process itself at the second ctrl-C.
import Reactor
import Sockets

/// Ctrl-C and SIGTERM, whatever the other loops do.
struct TerminationSignals: Sendable {
    private let thread: LoopThread
    private let signals: Signals

    /// From now on the signals wait for ``watch(beforeExit:_:)``.
    init(_ wanted: [Signal] = [.interrupt, .terminate]) async throws(ToolFailure) {
        do throws(SocketError) {
            thread = try LoopThread()
            signals = try await thread.loop.signals(wanted)
        } catch {
            throw ToolFailure(error)
        }
    }

    /// Calls `action` for each signal until the task is cancelled; but the second ctrl-C ends the process with 130, at
    /// once, `beforeExit` first; the programs that it has started end with it.
    func watch(
        beforeExit: @escaping @Sendable () -> Void = {}, _ action: @escaping @Sendable (Signal) -> Void
    ) async {
        // Its error is the cancellation, or the end of a descriptor that only this task has.
        try? await thread.loop.run(async: { [signals] () async throws(SocketError) in
            var interrupts = 0
            for try await signal in signals {
                interrupts += signal == .interrupt ? 1 : 0
                if interrupts >= 2 {
                    beforeExit()
                    RootCommand.leave(with: ExitStatus.interrupted.rawValue)
                }
                action(signal)
            }
        })
    }
}
