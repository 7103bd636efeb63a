// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// The signal by which somebody has had enough: of several the first one.
final class EndingSignal: Sendable {
    private let number = Atomic<CInt>(0)

    func note(_ signal: Signal) {
        _ = number.compareExchange(expected: 0, desired: signal.rawValue, ordering: .relaxed)
    }

    /// How the process is to end; nil while nobody has had enough.
    var status: ExitStatus? {
        let number = number.load(ordering: .relaxed)
        return number == 0 ? nil : ExitStatus(endedBy: Signal(rawValue: number))
    }
}

extension ExitStatus {
    /// How a process ends in order that was asked to end by a signal.
    init(endedBy signal: Signal) {
        switch signal {
        case .interrupt: self = .interrupted
        case .hangUp: self = .hungUp
        default: self = .terminated
        }
    }
}
