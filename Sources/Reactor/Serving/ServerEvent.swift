// SPDX-License-Identifier: Apache-2.0
import Logging
public import Sockets
import Wire

extension Server {
    /// What a server tells of itself; called on its loops. A logger and metrics are told by the same events.
    public enum Event: Sendable {
        /// A client was handed to its handler.
        case accepted(peer: SocketAddress?)
        /// A handler has ended, by itself or with an error, after so long, and its connection is closed.
        case ended(peer: SocketAddress?, after: Duration)
        /// A handler has thrown; ``ended(peer:after:)`` follows. Being cancelled is no failure.
        case handlerFailed(any Error, peer: SocketAddress?)
        /// Memory ran out, or descriptors, but for a few that stay free for the program itself; accepting pauses, and
        /// goes on within a second after they are back. Told once for each shortage, however many listeners meet it.
        case acceptingPaused(SocketError)
        /// The shortage is over: for a second nothing was short any more. Clients are accepted before that.
        case acceptingResumed
        /// A peer had as many connections as it may have.
        case refused(peer: SocketAddress?)
        /// A peer came from an address that may not (``Limits/addresses``).
        case denied(peer: SocketAddress?)

        /// Whether a handler's error is of a kind that any peer can bring about on its own connection: it resets, falls
        /// silent, ends in the middle, or sends bytes that are no frame. Where that makes work for people, a stranger
        /// decides how much.
        static func isPeersDoing(_ error: any Error) -> Bool {
            if error is FramingError || (error as? FrameError)?.framingError != nil { return true }
            guard let failure = error as? SocketError ?? (error as? FrameError)?.connectionError else { return false }
            switch failure.operation {
            case .send, .receive, .sendFile, .shutdown, .close: break
            default: return false
            }
            switch failure.reason {
            case .broken, .timedOut, .tooLong, .ended: return true
            default: return failure.isNotConnected
            }
        }
    }
}

/// Whoever wants to know what a server does. The server's core knows only its events.
struct ServerNews: Sendable {
    let report: (@Sendable (Server.Event) -> Void)?
    let logger: Logger?
    let metrics: ServerMetrics?

    /// Whether anybody listens: if not, not even the clock is read.
    var isWanted: Bool { report != nil || logger != nil || metrics != nil }

    func tell(_ event: Server.Event) {
        metrics?.record(event)
        logger?.log(event)
        report?(event)
    }
}
