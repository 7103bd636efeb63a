// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Why a connection of callbacks has come to its end.
///
/// Twisted: `ConnectionDone`, `ConnectionLost`, `ConnectionAborted`, `TimeoutError`.
public enum CloseReason: Error, Sendable {
    /// In agreement: the peer ended, or this side did, and all that was written has been taken by the system. Twisted:
    /// `ConnectionDone`.
    case done
    /// It broke, or the system failed. Twisted: `ConnectionLost`.
    case lost(SocketError)
    /// This side threw it away: ``StreamTransport/abortConnection()``. Twisted: `ConnectionAborted`.
    case aborted
    /// A time limit of this side's passed: the peer was silent, or did not take what was written. Twisted:
    /// `TimeoutError`.
    case timedOut
    /// More was written than the peer has taken and this side will hold: so many bytes.
    case overflowed(Int)
    /// The loop was stopped.
    case stopped
    /// A callback threw this.
    case failed(any Error)

    init(_ error: SocketError) { self = error.reason == .timedOut ? .timedOut : .lost(error) }

    /// Whether the peer learns of it by a reset.
    var isAbrupt: Bool {
        switch self {
        case .done, .lost, .stopped: false
        case .aborted, .timedOut, .overflowed, .failed: true
        }
    }

    /// Whether nothing went wrong.
    public var isClean: Bool { if case .done = self { true } else { false } }
}

extension CloseReason: CustomStringConvertible {
    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .done: "closed cleanly"
        case .lost(let error): "lost: \(error)"
        case .aborted: "aborted"
        case .timedOut: "timed out"
        case .overflowed(let limit): "the peer did not take \(limit) bytes that were written"
        case .stopped: "the loop was stopped"
        case .failed(let error): "failed: \(error)"
        }
    }
}
