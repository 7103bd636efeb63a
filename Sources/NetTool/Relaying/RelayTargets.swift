// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// The targets of a relay, in the order in which one client tries them.
final class RelayTargets: Sendable {
    let all: [RelayTarget]
    /// Whether each client begins with the next one.
    let takeTurns: Bool
    private let turn = Mutex(0)

    /// - Throws: a failure for words that are no targets, or not together.
    init(_ words: [String], takeTurns: Bool) throws(ToolFailure) {
        var targets: [RelayTarget] = []
        for word in words { targets.append(try RelayTarget(word)) }
        if targets.count > 1 {
            if targets.contains(where: \.needsGuard) {
                throw ToolFailure(.usage, "socks, http and exec: have no other target beside them")
            }
            if Set(targets.map(\.carriesDatagrams)).count > 1 {
                throw ToolFailure(.usage, "the targets have to be all streams, or all for datagrams")
            }
        } else if takeTurns {
            throw ToolFailure(.usage, "--balance needs several targets")
        }
        all = targets
        self.takeTurns = takeTurns
    }

    var carryDatagrams: Bool { all[0].carriesDatagrams }

    /// The targets for the next client, the first to be tried first.
    func next() -> [RelayTarget] {
        guard takeTurns else { return all }
        let start = turn.withLock { turn in
            defer { turn = (turn + 1) % all.count }
            return turn
        }
        return Array(all[start...] + all[..<start])
    }
}

/// None of the targets can be had.
struct NoTarget: Error, CustomStringConvertible {
    /// Why each of them can't.
    let reasons: [String]
    var description: String { reasons.joined(separator: "; ") }
}
