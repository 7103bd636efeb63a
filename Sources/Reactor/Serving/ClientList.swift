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
        /// The server has closed it: what comes of that is no failure of its handler's.
        var isLetGo = false
    }

    private struct State {
        var clients: [Int: Client] = [:]
        /// Seats that are kept for clients who are just being accepted, on whichever loops.
        var promised = 0
        var last = 0
        var isDraining = false
        var perPeer: [IPAddress: Int] = [:]
        /// The acceptors that wait until somebody leaves, and those that wait for a seat.
        var waiters: [Waiting] = []
        var seekers: [Waiting] = []
        /// Whoever comes now comes too late: the others have been cancelled.
        var isOver = false
    }

    /// How many connections one address may have.
    private let limitPerPeer: Int
    private let state = Mutex(State())

    init(perPeer limit: Int = .max) { limitPerPeer = limit }

    var count: Int { state.withLock { $0.clients.count } }

    /// How many acceptors wait for a seat.
    var seekerCount: Int { state.withLock { $0.seekers.count } }

    /// Takes the seat that ``waitForSeat(_:on:)`` keeps: the client's number; nil, and the seat is kept on, when its
    /// peer has as many connections as it may have. One that comes after ``cancelAll()`` is cancelled.
    func enter(_ connection: Connection, at now: LoopInstant) -> Int? {
        let peer = countedPeer(of: connection)
        let (number, isLate) = state.withLock { state -> (Int?, Bool) in
            if let peer {
                guard state.perPeer[peer, default: 0] < limitPerPeer else { return (nil, false) }
                state.perPeer[peer, default: 0] += 1
            }
            state.promised -= 1
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
            defer { (state.waiters, state.seekers) = ([], []) }
            return (client?.since, state.waiters + state.seekers)
        }
        for waiter in waiters { waiter.wakeOnItsLoop() }
        return since
    }

    /// Waits until fewer connections than `limit` are there, and keeps a seat: who accepts on several loops at a time
    /// must not have more between them than there is room for.
    nonisolated(nonsending) func waitForSeat(_ limit: Int, on loop: EventLoop) async throws(SocketError) {
        while !takeSeat(limit) {
            let waiting = Waiting(on: loop)
            let isFull = state.withLock { state in
                // Somebody may have left in between.
                if state.clients.count + state.promised < limit { return false }
                state.seekers.append(waiting)
                return true
            }
            if isFull { try await waiting.wait(.accept, until: .never) }
        }
    }

    private func takeSeat(_ limit: Int) -> Bool {
        state.withLock { state in
            guard state.clients.count + state.promised < limit else { return false }
            state.promised += 1
            return true
        }
    }

    /// Nobody came for whom a seat was kept.
    func giveBackSeat() {
        let seekers = state.withLock { state in
            state.promised -= 1
            defer { state.seekers = [] }
            return state.seekers
        }
        for seeker in seekers { seeker.wakeOnItsLoop() }
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

    /// Closes every connection that there is, in some way.
    func letAllGo(_ close: (Connection) -> Void) {
        let clients = state.withLock { state in
            for number in state.clients.keys { state.clients[number]?.isLetGo = true }
            return state.clients
        }
        for connection in Self.inOrder(clients) { close(connection) }
    }

    func isLetGo(_ number: Int) -> Bool { state.withLock { $0.clients[number]?.isLetGo == true } }

    /// Cancels every connection. The tasks that serve them are for their group to cancel (``isOver``).
    func cancelAll() {
        let (clients, waiters) = state.withLock { state in
            state.isOver = true
            defer { (state.waiters, state.seekers) = ([], []) }
            return (state.clients, state.waiters + state.seekers)
        }
        for connection in Self.inOrder(clients) { connection.cancel() }
        for waiter in waiters { waiter.wakeOnItsLoop() }
    }

    /// Whether every connection has been cancelled.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// Waits until nobody is here, or all have been cancelled, or the caller is.
    nonisolated(nonsending) func waitForEnd(on loop: EventLoop) async {
        while true {
            let waiting = Waiting(on: loop)
            let isAtEnd = state.withLock { state in
                if state.clients.isEmpty || state.isOver { return true }
                state.waiters.append(waiting)
                return false
            }
            if isAtEnd { return }
            do throws(SocketError) { try await waiting.wait(.accept, until: .never) } catch { return }
        }
    }

    private static func inOrder(_ clients: [Int: Client]) -> [Connection] {
        clients.sorted { $0.key < $1.key }.map(\.value.connection)
    }
}
