// SPDX-License-Identifier: Apache-2.0
//
// Facts:    whoever reads events waits for the last one; a signal ends a process before it can write any. A check runs
//           on one thread, without a loop.
// Decision: with --json the thread blocks ctrl-C and SIGTERM, and waits for them beside its connections.
// Cost:     the lookup of a name that is under way is not broken off.
import Sockets
import SystemPackage

/// Ctrl-C and SIGTERM, held back from this thread so that it can end in order.
final class HeldSignals {
    private let descriptor: SignalDescriptor
    private let before: SignalSet
    private static let signals: SignalSet = [.interrupt, .terminate]

    /// From now on they do nothing by themselves.
    init() throws(ToolFailure) {
        do throws(Errno) {
            descriptor = try SignalDescriptor(Self.signals)
            before = try SystemCalls.block(Self.signals)
        } catch {
            throw ToolFailure(.failure, "signals: \(error.words)")
        }
    }

    /// Readable once one of them has come.
    var number: CInt { descriptor.number }

    /// How the process is to end; nil while none of them has come. It is asked once.
    func takeStatus() -> ExitStatus? {
        guard let arrival = try? descriptor.next() else { return nil }
        return ExitStatus(endedBy: arrival.signal)
    }

    /// Lets the thread have them as before: one that has come meanwhile does then what it does by itself.
    func release() { try? SystemCalls.setBlocked(before) }
}
