// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// The connections that a server has. Its handlers end on several loops, so that it has a lock.
final class ClientList: Sendable {
    private struct State {
        var transports: [Int: any Transport] = [:]
        var last = 0
        var perPeer: [IPAddress: Int] = [:]
        /// The acceptors that wait until somebody leaves.
        var waiters: [Waiting] = []
    }

    /// A place in the list.
    struct Place: Sendable {
        let number: Int
        let peer: IPAddress?
    }

    private let state = Mutex(State())
    /// Set once the server is drained.
    let draining = Flag()

    var count: Int { state.withLock { $0.transports.count } }

    /// Nil when the peer has as many connections as it may have.
    func enter(_ transport: any Transport, perPeer limit: Int) -> Place? {
        let peer = transport.peer?.ip
        return state.withLock { state in
            if let peer {
                guard state.perPeer[peer, default: 0] < limit else { return nil }
                state.perPeer[peer, default: 0] += 1
            }
            state.last += 1
            state.transports[state.last] = transport
            return Place(number: state.last, peer: peer)
        }
    }

    func leave(_ place: Place) {
        let waiters = state.withLock { state in
            state.transports[place.number] = nil
            if let peer = place.peer {
                let left = state.perPeer[peer, default: 1] - 1
                state.perPeer[peer] = left > 0 ? left : nil
            }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.wakeOnItsLoop() }
    }

    /// Waits until fewer connections than `limit` are there.
    nonisolated(nonsending) func waitForRoom(_ limit: Int, on loop: EventLoop) async throws(SocketError) {
        while true {
            let waiting = Waiting(on: loop)
            let isFull = state.withLock { state in
                if state.transports.count < limit { return false }
                state.waiters.append(waiting)
                return true
            }
            guard isFull else { return }
            try await waiting.wait(.accept, until: .never)
        }
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
        let transports = state.withLock { $0.transports }
        for number in transports.keys.sorted() { transports[number]?.cancel() }
    }
}
