// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// The connections that a server has. Its handlers end on several loops, so that it has a lock.
final class ClientList: Sendable {
    private struct State {
        var connections: [Int: Connection] = [:]
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

    /// A place in the list.
    struct Place: Sendable {
        let number: Int
        let peer: IPAddress?
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.connections.count } }

    /// How many acceptors wait for a seat.
    var seekerCount: Int { state.withLock { $0.seekers.count } }

    /// Takes the seat that ``waitForSeat(_:on:)`` keeps. Nil, and the seat is kept on, when the peer has as many
    /// connections as it may have. One that comes after ``cancelAll()`` is cancelled.
    func enter(_ connection: Connection, perPeer limit: Int) -> Place? {
        let peer = limit < .max ? connection.peer?.ip : nil
        let (place, isLate) = state.withLock { state -> (Place?, Bool) in
            if let peer {
                guard state.perPeer[peer, default: 0] < limit else { return (nil, false) }
                state.perPeer[peer, default: 0] += 1
            }
            state.promised -= 1
            state.last += 1
            state.connections[state.last] = connection
            if state.isDraining { connection.beginDraining() }
            return (Place(number: state.last, peer: peer), state.isOver)
        }
        if isLate { connection.transport.cancel() }
        return place
    }

    func leave(_ place: Place) {
        let waiters = state.withLock { state in
            state.connections[place.number] = nil
            if let peer = place.peer {
                let left = state.perPeer[peer, default: 1] - 1
                state.perPeer[peer] = left > 0 ? left : nil
            }
            defer { (state.waiters, state.seekers) = ([], []) }
            return state.waiters + state.seekers
        }
        for waiter in waiters { waiter.wakeOnItsLoop() }
    }

    /// Waits until fewer connections than `limit` are there, and keeps a seat: who accepts on several loops at a time
    /// must not have more between them than there is room for.
    nonisolated(nonsending) func waitForSeat(_ limit: Int, on loop: EventLoop) async throws(SocketError) {
        while true {
            let waiting = Waiting(on: loop)
            let isFull = state.withLock { state in
                if state.connections.count + state.promised < limit {
                    state.promised += 1
                    return false
                }
                state.seekers.append(waiting)
                return true
            }
            guard isFull else { return }
            try await waiting.wait(.accept, until: .never)
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
        let connections = state.withLock { state in
            state.isDraining = true
            return state.connections
        }
        for connection in Self.inOrder(connections) { connection.beginDraining() }
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
        let connections = state.withLock { state in
            state.isOver = true
            return state.connections
        }
        for connection in Self.inOrder(connections) { connection.transport.cancel() }
    }

    private static func inOrder(_ connections: [Int: Connection]) -> [Connection] {
        connections.sorted { $0.key < $1.key }.map(\.value)
    }
}
