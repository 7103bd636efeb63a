// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a child has copies of all the parent's descriptors, the listening socket among them: as long as a child
//           has it the port is taken, even if the server is gone.
// Decision: the child lets go of a listening socket first of all (one for datagrams it answers by). It ends by _exit:
//           nothing of the parent's, such as a UNIX path, is cleaned up by it.
import Reactor
import Sockets

extension BaseServer {
    /// Whether this process may be forked.
    ///
    /// - Throws: `.invalid` with the number of threads.
    func requireOneThread() throws(SocketError) {
        guard case .processes = concurrency else { return }
        let count: Int
        do throws(Errno) { count = try SystemCalls.threadCount() } catch {
            throw SocketError(.start, error: error, subject: "a process for a request: the threads can't be counted")
        }
        if count == 1 { return }
        let text = "a process with \(count) threads can't be forked: start worker processes that inherit the socket"
        throw SocketError(.start, .invalid("\(text) (ServerWorkers), or serve by threads"), subject: "\(address)")
    }

    func startChild(for request: IncomingRequest) throws(SocketError) {
        try requireOneThread()
        let fork: SystemCalls.Fork
        do throws(Errno) { fork = try SystemCalls.fork() } catch {
            throw SocketError(.start, error: error, subject: "a process for a request")
        }
        guard case .parent(let identifier) = fork else { completeAsChild(request) }
        tell(.accepted(peer: request.clientAddress))
        // Before the child gets a descriptor here: one may be all that is left.
        overrides.closeRequest(request, self)
        let child = try RequestChild(forked: identifier, for: request.clientAddress)
        do throws(SocketError) { try waits.add(child) } catch {
            child.kill()
            throw error
        }
        state.withLock { $0.children.append(child) }
    }

    private func completeAsChild(_ request: IncomingRequest) -> Never {
        state.withLock { state in
            state.isChild = true
            state.children = []
        }
        if socketKind == .stream { try? SystemCalls.replaceByNothing(descriptor.rawValue) }
        var status: CInt = 0
        do {
            switch runner {
            case .blocking: try overrides.finishRequest(request, self)
            case .asynchronous: try finish(request)
            }
        } catch {
            status = Self.failedStatus
            overrides.handleError(error, request, self)
        }
        overrides.shutdownRequest(request, self)
        SystemCalls.endChild(status)
    }

    /// What a child ends with after its handler has thrown, which it has told of itself.
    private static var failedStatus: CInt { 1 }

    /// Takes note of a child that has ended.
    func reap(_ identifier: CInt) {
        guard let child = state.withLock({ $0.children.first { $0.identifier == identifier } }),
            let end = child.end()
        else { return }
        waits.remove(child)
        state.withLock { state in state.children.removeAll { $0 === child } }
        if end != .exited(0) && end != .exited(Self.failedStatus) {
            tell(.handlerFailed(RequestProcessFailure(end: end, wasKilled: child.wasKilled), peer: child.client))
        }
        tell(.ended(peer: child.client, after: child.begun.duration(to: .systemNow)))
    }
}
