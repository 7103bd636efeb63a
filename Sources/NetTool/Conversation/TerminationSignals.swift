// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a loop that is stuck (a reader of standard output that does not read) can't act on a signal; a person who
//           types ctrl-C a second time means now.
// Decision: the signals are blocked before the first thread starts, and a thread of their own waits for them. It brings
//           them to the loop, and ends the process itself at the second ctrl-C.
import ArgumentParser
import Reactor
import Sockets
import SystemPackage

/// Ctrl-C and SIGTERM as calls on a loop.
final class TerminationSignals: Sendable {
    private let descriptor: SignalDescriptor

    /// Takes the signals from whoever has them. Called before the process has a second thread.
    init(_ signals: [Signal] = [.interrupt, .terminate]) throws(ToolFailure) {
        do throws(Errno) {
            let signals = SignalSet(signals)
            try SystemCalls.block(signals)
            descriptor = try SignalDescriptor(signals)
        } catch {
            throw ToolFailure(.timedOut, "signals: \(error.words)")
        }
    }

    /// From now on each signal calls `action` on the loop, but the last ctrl-C of so many ends the process with 130.
    func deliver(
        to loop: EventLoop, endingAt lastInterrupt: Int = 2, _ action: @escaping @Sendable (Signal) -> Void
    ) throws(ToolFailure) {
        do throws(Errno) {
            try Thread.start { [self] in watch(lastInterrupt) { signal in loop.enqueue { action(signal) } } }
        } catch {
            throw ToolFailure(.timedOut, "a thread for signals: \(error.words)")
        }
    }

    /// Ends with the process, or when the descriptor can't be read.
    private func watch(_ lastInterrupt: Int, _ action: (Signal) -> Void) {
        var poll = Poll()
        poll.register(descriptor.number, for: .input)
        var interrupts = 0
        while (try? poll.wait(timeout: nil)) != nil {
            while let arrival = try? descriptor.next() {
                interrupts += arrival.signal == .interrupt ? 1 : 0
                if interrupts >= lastInterrupt {
                    RootCommand.exit(withError: ExitCode(ExitStatus.interrupted.rawValue))
                }
                action(arrival.signal)
            }
        }
    }
}
