// SPDX-License-Identifier: Apache-2.0
//
// Decision: nothing that a single client can bring about is louder than `info`: a stranger must not decide how long the
//           log is that people read. What the program or the machine does wrong is an error or a warning.
import Logging

extension Logger {
    /// Writes a server's event. The table is in ``Server``'s documentation: texts and keys are stable.
    func log(_ event: Server.Event) {
        switch event {
        case .accepted(let peer):
            debug("connection accepted", metadata: Self.about(peer))
        case .ended(let peer, let duration):
            debug("connection ended", metadata: Self.about(peer, ("seconds", "\(duration.inSeconds)")))
        case .handlerFailed(let error, let peer):
            let isPeers = Server.Event.isPeersDoing(error)
            log(
                level: isPeers ? .debug : .error, isPeers ? "connection failed" : "handler failed",
                metadata: Self.about(peer, ("error", "\(error)")))
        case .acceptingPaused(let error):
            warning("accepting paused", metadata: ["error": "\(error)"])
        case .acceptingResumed:
            notice("accepting resumed")
        case .refused(let peer):
            info("connection refused", metadata: Self.about(peer))
        case .denied(let peer):
            info("connection denied", metadata: Self.about(peer))
        }
    }

    /// The keys of a line: the peer if it has an address, and what else there is to say.
    private static func about(_ peer: (some CustomStringConvertible)?, _ more: (String, String)...) -> Metadata {
        var metadata = Metadata()
        if let peer { metadata["peer"] = .string(peer.description) }
        for (key, text) in more { metadata[key] = .string(text) }
        return metadata
    }
}
