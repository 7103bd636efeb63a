// SPDX-License-Identifier: Apache-2.0
//
// Decision: serving is `prepare`, a wait, and `turn`, over and over. Only the wait differs: a blocking server's thread
//           blocks in it, and a server with tasks waits for the same descriptor on its loop.
import Reactor
import Sockets

/// One call to serve, from its first wait to its last. Touched by the thread that serves alone.
final class ServingSession: @unchecked Sendable {
    private let server: BaseServer
    private let pollInterval: Duration
    /// Readable when the caller wants an end.
    private let callersEnd: FileDescriptor?
    /// When to give up waiting for a request; `.never` for a server that serves for ever.
    private let deadline: LoopInstant
    private let isForOneRequest: Bool

    private var pause = AcceptPause()
    private var pausedUntil: LoopInstant?
    /// When the next of the requests that are being handled will have had its time.
    private var nextLimit = LoopInstant.never
    private(set) var isOver = false
    /// Whether there has been a look, at least.
    private var hasLooked = false
    /// Whether a request was taken.
    private(set) var hasTaken = false

    init(
        _ server: BaseServer, pollInterval: Duration, callersEnd: FileDescriptor?, deadline: LoopInstant = .never,
        isForOneRequest: Bool = false
    ) throws(SocketError) {
        self.server = server
        self.pollInterval = max(pollInterval, .milliseconds(1))
        self.callersEnd = callersEnd
        self.deadline = deadline
        self.isForOneRequest = isForOneRequest
        if let callersEnd { try server.waits.add(callersEnd: callersEnd) }
    }

    /// Nothing is waited for any more.
    func end() {
        if let callersEnd { server.waits.remove(callersEnd: callersEnd) }
        try? server.waits.setAccepting(false)
        server.waits.clearStop()
    }

    /// What to wait for, and until when; nil when it is over.
    func prepare() throws(SocketError) -> LoopInstant? {
        if isOver || (isForOneRequest && hasTaken) { return nil }
        let now = LoopInstant.systemNow
        if hasLooked && now >= deadline { return nil }
        hasLooked = true
        if let end = pausedUntil, now >= end { pausedUntil = nil }
        let hasRoom = server.activeRequests < server.concurrency.maximum
        try server.waits.setAccepting(hasRoom && pausedUntil == nil)
        let tick = isForOneRequest ? LoopInstant.never : now.advanced(by: pollInterval)
        return min(deadline, tick, pausedUntil ?? .never, pause.calmAt, nextLimit)
    }

    /// What has happened is dealt with.
    func turn(_ events: [ServerWaits.Event]) throws(SocketError) {
        if events.contains(.stop) || events.contains(.callersEnd) { isOver = true }
        server.noteEnded(events) {
            pausedUntil = nil
            pause.wasInVain = false
        }
        endOverdue()
        if !isOver && events.contains(.request) { try takeRequest() }
        if LoopInstant.systemNow >= pause.calmAt { endPause() }
        if !isForOneRequest { server.overrides.serviceActions(server) }
    }

    private func takeRequest() throws(SocketError) {
        let overrides = server.overrides
        let request: IncomingRequest
        do throws(SocketError) {
            guard let next = try overrides.getRequest(server) else { return }
            request = next
        } catch {
            if error.reason == .closed { throw error }
            return rest(after: error)
        }
        hasTaken = true
        endPause()
        guard overrides.verifyRequest(request, server) else {
            server.tell(.refused(peer: request.clientAddress))
            return overrides.shutdownRequest(request, server)
        }
        do { try overrides.processRequest(request, server) } catch {
            overrides.handleError(error, request, server)
            overrides.shutdownRequest(request, server)
        }
        if let limit = server.configuration.requestLimit {
            nextLimit = min(nextLimit, LoopInstant.systemNow.advanced(by: limit))
        }
    }

    /// Nothing is short.
    private func endPause() {
        if pause.end(at: .systemNow) { server.tell(.acceptingResumed) }
    }

    /// A request could not be taken. What concerns a datagram's sender alone (it has gone, say) is over with that; a
    /// shortage of descriptors, or anything else, is not tried again at once.
    private func rest(after error: SocketError) {
        if server.socketKind == .datagram && error.isConnectionRefused { return }
        let (length, isNews) = pause.begin(at: .systemNow)
        if isNews {
            if error.isOutOfResources { server.tell(.acceptingPaused(error)) } else { server.note(error, of: nil) }
        }
        if pause.wasInVain {
            pause.shed { [server] in if let request = try? server.nextRequest() { server.close(request) } }
        }
        pause.wasInVain = true
        pausedUntil = LoopInstant.systemNow.advanced(by: length)
    }

    /// Those that have had their time are broken off.
    private func endOverdue() {
        guard let limit = server.configuration.requestLimit, LoopInstant.systemNow >= nextLimit else { return }
        nextLimit =
            server.breakOff(begunBefore: LoopInstant.systemNow.advanced(by: .zero - limit))?
            .advanced(by: limit) ?? .never
    }
}

extension BaseServer {
    /// Handlers have ended.
    func noteEnded(_ events: [ServerWaits.Event], _ isFreed: () -> Void) {
        for event in events {
            switch event {
            case .freed:
                waits.clearFreed()
                isFreed()
            case .child(let identifier):
                reap(identifier)
                isFreed()
            case .request, .stop, .callersEnd: break
            }
        }
    }

    /// Breaks off what has been under way since before a point in time.
    ///
    /// - Returns: when the oldest of the others began.
    func breakOff(begunBefore limit: LoopInstant) -> LoopInstant? {
        let (overdue, children, next) = state.withLock { state in
            var next: LoopInstant?
            var overdue: [ActiveRequest] = []
            for (number, entry) in state.active.sorted(by: { $0.key < $1.key }) where !entry.isOverdue {
                if entry.begun <= limit {
                    state.active[number]?.isOverdue = true
                    overdue.append(entry)
                } else {
                    next = min(next ?? .never, entry.begun)
                }
            }
            let children = state.children.filter { $0.begun <= limit }
            for child in state.children where child.begun > limit { next = min(next ?? .never, child.begun) }
            return (overdue, children, next)
        }
        for entry in overdue { entry.request.abort() }
        for child in children { child.kill() }
        return next
    }
}
