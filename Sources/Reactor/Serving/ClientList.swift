// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// The connections that a server has. Its handlers end on several loops, so that it has a lock.
final class ClientList: Sendable {
    /// What is known of a client, so that the task that serves it need not keep it.
    private struct Client {
        let connection: Connection
        /// When it came.
        let since: LoopInstant
    }

    private struct State {
        var clients: [Int: Client] = [:]
        var last = 0
        var isDraining = false
        var perPeer: [IPAddress: Int] = [:]
        /// The acceptors that wait until somebody leaves.
        var waiters: [Waiting] = []
        /// Whoever comes now comes too late: the others have been cancelled.
        var isOver = false
    }

    /// How many connections one address may have.
    private let limitPerPeer: Int
    private let state = Mutex(State())

    init(perPeer limit: Int = .max) { limitPerPeer = limit }

    var count: Int { state.withLock { $0.clients.count } }

    /// The client's number; nil when its peer has as many connections as it may have. One that comes after
    /// ``cancelAll()`` is cancelled.
    func enter(_ connection: Connection, at now: LoopInstant) -> Int? {
        let peer = countedPeer(of: connection)
        let (number, isLate) = state.withLock { state -> (Int?, Bool) in
            if let peer {
                guard state.perPeer[peer, default: 0] < limitPerPeer else { return (nil, false) }
                state.perPeer[peer, default: 0] += 1
            }
            state.last += 1
            state.clients[state.last] = Client(connection: connection, since: now)
            if state.isDraining { connection.beginDraining() }
            return (state.last, state.isOver)
        }
        if isLate { connection.cancel() }
        return number
    }

    /// The address that a connection counts for, where those are counted.
    private func countedPeer(of connection: Connection) -> IPAddress? {
        limitPerPeer < .max ? connection.peer?.ip : nil
    }

    /// - Returns: when it came.
    @discardableResult
    func leave(_ number: Int) -> LoopInstant? {
        let (since, waiters) = state.withLock { state in
            let client = state.clients.removeValue(forKey: number)
            if let client, let peer = countedPeer(of: client.connection) {
                let left = state.perPeer[peer, default: 1] - 1
                state.perPeer[peer] = left > 0 ? left : nil
            }
            defer { state.waiters = [] }
            return (client?.since, state.waiters)
        }
        for waiter in waiters { waiter.wakeOnItsLoop() }
        return since
    }

    /// Waits until fewer connections than `limit` are there.
    nonisolated(nonsending) func waitForRoom(_ limit: Int, on loop: EventLoop) async throws(SocketError) {
        while count >= limit {
            let waiting = Waiting(on: loop)
            let isFull = state.withLock { state in
                // Somebody may have left in between.
                if state.clients.count < limit { return false }
                state.waiters.append(waiting)
                return true
            }
            if isFull { try await waiting.wait(.accept, until: .never) }
        }
    }

    /// Those who are here learn of the drain, and those who still come.
    func drain() {
        let clients = state.withLock { state in
            state.isDraining = true
            return state.clients
        }
        for connection in Self.inOrder(clients) { connection.beginDraining() }
    }

    /// Waits until a connection has left, and at most until `deadline`; whether one has.
    nonisolated(nonsending) func waitForDeparture(
        until deadline: LoopInstant, on loop: EventLoop
    ) async throws(SocketError) -> Bool {
        let waiting = Waiting(on: loop)
        state.withLock { $0.waiters.append(waiting) }
        defer { waiting.disarm() }
        do throws(SocketError) { try await waiting.wait(.accept, until: deadline) } catch {
            state.withLock { state in state.waiters.removeAll { $0 === waiting } }
            if error.reason != .timedOut { throw error }
            return false
        }
        return true
    }

    func cancelAll() {
        let clients = state.withLock { state in
            state.isOver = true
            return state.clients
        }
        for connection in Self.inOrder(clients) { connection.cancel() }
    }

    private static func inOrder(_ clients: [Int: Client]) -> [Connection] {
        clients.sorted { $0.key < $1.key }.map(\.value.connection)
    }
}
