// SPDX-License-Identifier: Apache-2.0
import Reactor
public import Sockets

/// Serving.
extension BaseServer {
    /// Handles requests until ``shutdown()``, and returns when the last handler has ended. The calling thread is
    /// blocked meanwhile.
    ///
    /// While as many requests as may be are being handled, further ones wait in the system's queue. While descriptors
    /// are short, it pauses and says so once (``Server/Event/acceptingPaused(_:)``).
    ///
    /// - Parameter pollInterval: how often ``ServerOverrides/serviceActions(_:)`` is called at least.
    /// - Throws: `.busy` when somebody serves already, `.closed`; `.invalid` for `.processes` in a process with several
    ///   threads; `.timedOut` when handlers on threads did not end within ``ServerConfiguration/closeLimit``, nor after
    ///   their sockets were shut down.
    ///
    /// Python: `serve_forever`.
    public func serveForever(pollInterval: Duration = .milliseconds(500)) throws(SocketError) {
        try serve(pollInterval, callersEnd: nil)
    }

    /// The same, until something becomes readable too: a pipe, a signal's descriptor, a program's ctrl-C.
    ///
    /// - Throws: as ``serveForever(pollInterval:)``.
    public func serveForever(
        pollInterval: Duration = .milliseconds(500), until end: borrowing some Selectable & ~Copyable
    ) throws(SocketError) {
        try serve(pollInterval, callersEnd: end.descriptor)
    }

    /// Waits for one request and has it handled. If that is done beside (`.threads`, `.processes`) this does not wait
    /// for its end: ``close()`` does.
    ///
    /// - Parameter limit: the most to wait; ``ServerConfiguration/timeLimit`` for nil.
    /// - Returns: whether there was a request; if not, ``ServerOverrides/handleTimeout(_:)`` was called, or the server
    ///   was shut down.
    /// - Throws: as ``serveForever(pollInterval:)``.
    ///
    /// Python: `handle_request`.
    @discardableResult
    public func handleRequest(within limit: Duration? = nil) throws(SocketError) -> Bool {
        let limit = limit ?? configuration.timeLimit
        let deadline = limit.map { LoopInstant.systemNow.advanced(by: $0) } ?? .never
        let session = try ServingSession(
            self, pollInterval: .zero, callersEnd: nil, deadline: deadline, isForOneRequest: true)
        try run(session, waitsForHandlers: false)
        if !session.hasTaken && !session.isOver { overrides.handleTimeout(self) }
        return session.hasTaken
    }

    private func serve(_ pollInterval: Duration, callersEnd: FileDescriptor?) throws(SocketError) {
        let session = try ServingSession(self, pollInterval: pollInterval, callersEnd: callersEnd)
        try run(session, waitsForHandlers: true)
    }

    private func run(_ session: ServingSession, waitsForHandlers: Bool) throws(SocketError) {
        try begin()
        let outer = unsafe Self.servedHere.value
        unsafe Self.servedHere.value = Unmanaged.passUnretained(self).toOpaque()
        defer { unsafe Self.servedHere.value = outer }
        if case .tasks = concurrency { return try runTasks(session) }
        do throws(SocketError) {
            try requireOneThread()
            while let deadline = try session.prepare() { try session.turn(try waits.wait(until: deadline)) }
        } catch {
            end(session)
            try? endHandlers()
            throw error
        }
        end(session)
        if waitsForHandlers { try endHandlers() }
    }

    private func begin() throws(SocketError) {
        let isBusy = state.withLock { state in
            defer { state.isServing = true }
            return state.isServing
        }
        if isBusy { throw SocketError(.accept, .busy, subject: "\(address)") }
    }

    /// No further request is taken.
    func end(_ session: ServingSession) {
        session.end()
        state.withLock { $0.isServing = false }
        state.notifyAll()
    }

    /// Waits for the handlers that are under way; then comes the hard stop.
    func endHandlers() throws(SocketError) {
        guard configuration.blocksOnClose else { return }
        try waitForHandlers(configuration.closeLimit)
        if activeRequests == 0 { return }
        abortActive()
        for child in state.withLock({ $0.children }) { child.kill() }
        try waitForHandlers(Self.hardStopLimit)
        let left = activeRequests
        if left > 0 {
            throw SocketError(.shutdown, .timedOut, subject: "\(left) of the handlers at \(address) did not end")
        }
    }

    /// How long a handler has to notice that its client is gone.
    static var hardStopLimit: Duration { .seconds(1) }

    private func waitForHandlers(_ limit: Duration) throws(SocketError) {
        let deadline = LoopInstant.systemNow.advanced(by: limit)
        while activeRequests > 0 && LoopInstant.systemNow < deadline {
            let events = try waits.wait(until: deadline)
            noteEnded(events) {}
            // The wish to end may be told a second time, and would end every wait at once.
            if events.contains(.stop) { waits.clearStop() }
        }
    }
}
