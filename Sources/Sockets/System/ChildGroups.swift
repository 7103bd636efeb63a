// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a child that leads a process group is out of reach of the terminal's ctrl-C, and goes on when this process
//           ends without a word. A number means this process's child until somebody has waited for it, and then perhaps
//           another process.
// Decision: the numbers of such children are kept from their start until they are waited for, and waiting for one and
//           signalling all exclude each other. A child that is being started is waited for, so that none slips through.
import Synchronization
package import SystemPackage

/// The process groups that this process's children lead, for a process that ends at once and takes them along.
package final class ChildGroups: Sendable {
    package static let shared = ChildGroups()

    private struct State {
        var leaders: Set<CInt> = []
        /// Children that the system is about to start.
        var starting = 0
        var isOver = false
    }

    private let state = Mutex(State())

    package init() {}

    /// How many groups there are whose leader has not been waited for.
    package var count: Int { state.withLock { $0.leaders.count } }

    /// Starts a child that leads a group.
    ///
    /// - Parameter start: returns its number.
    /// - Throws: what `start` throws; `ECANCELED` once ``endAll()`` was called.
    package func starting(_ start: () throws(Errno) -> CInt) throws(Errno) -> CInt {
        try state.withLock { state throws(Errno) in
            if state.isOver { throw .canceled }
            state.starting += 1
        }
        do throws(Errno) {
            let leader = try start()
            state.withLock { state in
                state.starting -= 1
                state.leaders.insert(leader)
            }
            return leader
        } catch {
            state.withLock { $0.starting -= 1 }
            throw error
        }
    }

    /// Asks how a child has ended, by a call that forgets the child if it has.
    ///
    /// - Parameter ask: returns nil, without waiting, while the child goes on.
    func end(of leader: CInt, _ ask: () throws(Errno) -> ProcessEnd?) throws(Errno) -> ProcessEnd? {
        try state.withLock { state throws(Errno) in
            guard let end = try ask() else { return nil }
            state.leaders.remove(leader)
            return end
        }
    }

    /// Lets a child go on whatever becomes of this process.
    func remove(_ leader: CInt) { state.withLock { _ = $0.leaders.remove(leader) } }

    /// How long a child may take to start that has begun to.
    private static let patience = 200

    /// Kills every group, and starts no further child: the process is about to end.
    ///
    /// C: `kill(2)` with `SIGKILL` and a negative number.
    package func endAll() {
        state.withLock { $0.isOver = true }
        // The system takes a millisecond or so; a disk that does not answer is no reason to stay.
        for _ in 0..<Self.patience where state.withLock({ $0.starting > 0 }) { SystemCalls.pause(.milliseconds(1)) }
        state.withLock { state in
            for leader in state.leaders { try? SystemCalls.send(.kill, toGroup: leader) }
        }
    }
}
