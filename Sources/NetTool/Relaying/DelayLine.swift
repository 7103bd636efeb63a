// SPDX-License-Identifier: Apache-2.0
import Reactor
import Synchronization

/// Bytes on a long way: one task puts them in, another takes them out when their time has come. It holds so many bytes
/// and no more. Both tasks are on one loop.
final class DelayLine: Sendable {
    struct Piece: Sendable {
        let bytes: [UInt8]
        /// When it arrives.
        let due: LoopInstant

        /// The room that it takes: the bytes, and what keeping them costs. A datagram may have none.
        fileprivate var cost: Int { bytes.count + 64 }
    }

    private struct State {
        var pieces: [Piece] = []
        /// How many of them have been taken.
        var taken = 0
        var cost = 0
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// The most room that pieces under way may take, unless one piece takes more.
    static let defaultLimit = 1 << 20
    private let limit: Int
    /// What it has in common with other lines.
    private let shared: SharedRoom?
    private let state = Mutex(State())

    init(limit: Int = defaultLimit, of shared: SharedRoom? = nil) {
        self.limit = limit
        self.shared = shared
    }

    deinit { shared?.giveBack(state.withLock { $0.cost }) }

    /// Puts a piece in, if there is room; an empty line has room for any, but for what is shared.
    ///
    /// - Returns: false where there is none, and where the line is closed.
    func offer(_ piece: Piece) -> Bool {
        let (isTaken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            let hasRoom = state.cost == 0 || state.cost + piece.cost <= limit
            guard hasRoom, !state.isClosed, shared?.take(piece.cost) ?? true else { return (false, nil) }
            state.pieces.append(piece)
            state.cost += piece.cost
            return (true, state.waiter.take())
        }
        waiter?.resume()
        return isTaken
    }

    /// Puts a piece in, and waits for room. Returns false where the line is closed.
    func put(_ piece: Piece) async -> Bool {
        while !offer(piece) {
            if isClosed { return false }
            await waitForChange { !$0.isClosed && $0.cost > 0 }
        }
        return true
    }

    /// The next piece, when there is one; nil once the line is closed and empty.
    func take() async -> Piece? {
        while true {
            let (piece, isOver, waiter) = state.withLock { state in
                guard state.taken < state.pieces.count else {
                    return (Piece?.none, state.isClosed, CheckedContinuation<Void, Never>?.none)
                }
                let piece = state.pieces[state.taken]
                state.taken += 1
                state.cost -= piece.cost
                shared?.giveBack(piece.cost)
                // Half of them at a time, so that moving the others costs each piece once.
                if state.taken * 2 >= state.pieces.count {
                    state.pieces.removeFirst(state.taken)
                    state.taken = 0
                }
                return (piece, false, state.waiter.take())
            }
            waiter?.resume()
            if let piece { return piece }
            if isOver { return nil }
            await waitForChange { !$0.isClosed && $0.pieces.isEmpty }
        }
    }

    /// Nothing more is put in; what is there is still taken.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Waits until the other task has done something, while `isWorthIt`. One of the two waits at a time: a line is
    /// never empty and full.
    private func waitForChange(while isWorthIt: (State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isNeeded = state.withLock { state in
                guard isWorthIt(state) else { return false }
                state.waiter = continuation
                return true
            }
            if !isNeeded { continuation.resume() }
        }
    }
}
