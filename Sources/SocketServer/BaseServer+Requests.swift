// SPDX-License-Identifier: Apache-2.0
import Reactor
public import Sockets

/// What each override point does unless it is overridden.
extension BaseServer {
    /// Takes a client or a datagram; nil if none is there. Never waits.
    ///
    /// - Throws: `.closed`; as ``Socket/accept()`` and ``Socket/receiveFrom(upTo:flags:)``.
    ///
    /// Python: `get_request`.
    public func nextRequest() throws(SocketError) -> IncomingRequest? {
        guard let listener = socket else { throw SocketError(.accept, .closed, subject: "\(address)") }
        do throws(SocketError) {
            if socketKind == .stream {
                var client = try listener.socket.accept()
                if case .asynchronous = runner { try client.setTimeLimit(.zero) }
                return IncomingRequest(client: client)
            }
            let datagram = try listener.socket.receiveFrom(upTo: configuration.maximumPacketSize, flags: .dontWait)
            return datagram.map { IncomingRequest($0, from: listener) }
        } catch {
            if error.reason == .wouldBlock { return nil }
            throw error
        }
    }

    /// Handles a request as the ``RequestConcurrency`` says: here and now, or beside.
    ///
    /// - Throws: what keeps a thread or a process from being started: `EAGAIN`, `ENOMEM`, `EMFILE`, `.invalid` in a
    ///   process with several threads that is to be forked. The request is the caller's then.
    ///
    /// Python: `process_request`.
    public func process(_ request: IncomingRequest) throws(SocketError) {
        switch concurrency {
        case .sequential: complete(request, number: enter(request))
        case .threads: try startThread(for: request)
        case .processes: try startChild(for: request)
        case .tasks:
            let number = enter(request)
            state.withLock { $0.pending.append((number, request)) }
        }
    }

    /// Makes a handler for a request and runs it.
    ///
    /// - Precondition: no loop is in a turn on this thread if the handlers are asynchronous.
    ///
    /// Python: `finish_request`.
    public func finish(_ request: IncomingRequest) throws {
        switch runner {
        case .blocking(let run): try run(request, self)
        case .asynchronous:
            let loop = try EventLoop()
            // Its connection lets go of the socket in a turn, and there is none after this.
            defer {
                request.close()
                try? loop.turn(until: loop.timeNow)
            }
            try loop.runUntilComplete { [self] () async throws in
                try await overrides.finishAsyncRequest(request, self)
            }
        }
    }

    /// Makes an asynchronous handler for a request and runs it, on the loop that the caller is on.
    ///
    /// - Throws: what the handler throws; `.invalid` for a caller on no loop.
    public func finishAsync(_ request: IncomingRequest) async throws {
        guard case .asynchronous(let run) = runner else { return try finish(request) }
        guard let loop = EventLoop.running else {
            throw SocketError(.run, .invalid("an asynchronous handler runs on a loop"))
        }
        try await run(request, self, loop)
    }

    /// Tells the client that nothing more comes, and lets go of it.
    ///
    /// Python: `shutdown_request`.
    public func shutDown(_ request: IncomingRequest) {
        try? request.socket?.socket.shutdown(.sending)
        overrides.closeRequest(request, self)
    }

    /// Lets go of a request in this process.
    ///
    /// Python: `close_request`.
    public func close(_ request: IncomingRequest) { request.close() }

    /// Reports an error, but that a request was broken off.
    ///
    /// Python: `handle_error`.
    public func note(_ error: any Error, of request: IncomingRequest?) {
        let reason = (error as? SocketError)?.reason
        if error is CancellationError || reason == .cancelled { return }
        tell(.handlerFailed(error, peer: request?.clientAddress))
    }
}

/// Handling a request where it is.
extension BaseServer {
    /// Counts a request as being handled.
    func enter(_ request: IncomingRequest) -> Int {
        tell(.accepted(peer: request.clientAddress))
        return state.withLock { state in
            state.lastNumber += 1
            state.active[state.lastNumber] = ActiveRequest(request: request, begun: .systemNow)
            return state.lastNumber
        }
    }

    /// It is handled no more.
    func leave(_ number: Int) {
        let entry = state.withLock { $0.active.removeValue(forKey: number) }
        if let entry {
            tell(.ended(peer: entry.request.clientAddress, after: entry.begun.duration(to: .systemNow)))
        }
        waits.noteFreed()
    }

    /// Handles a request on this thread, to its end.
    func complete(_ request: IncomingRequest, number: Int) {
        do {
            switch runner {
            case .blocking: try overrides.finishRequest(request, self)
            case .asynchronous: try finish(request)
            }
        } catch {
            overrides.handleError(error, request, self)
        }
        overrides.shutdownRequest(request, self)
        leave(number)
    }

    /// The same in a task on a loop.
    func completeInTask(_ request: IncomingRequest, number: Int) async {
        do {
            switch runner {
            case .blocking: try await pool.run { [self] in try overrides.finishRequest(request, self) }
            case .asynchronous: try await overrides.finishAsyncRequest(request, self)
            }
        } catch {
            overrides.handleError(error, request, self)
        }
        overrides.shutdownRequest(request, self)
        leave(number)
    }

    private func startThread(for request: IncomingRequest) throws(SocketError) {
        let number = enter(request)
        do throws(Errno) {
            try Thread.start { [self] in complete(request, number: number) }
        } catch {
            leave(number)
            throw SocketError(.start, error: error, subject: "a thread for a request")
        }
    }
}
