// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// How much came and went.
struct Traffic: Hashable, Sendable {
    var linesIn = 0
    var linesOut = 0
    var bytesIn = 0
    var bytesOut = 0

    static func += (left: inout Traffic, right: Traffic) {
        left.linesIn += right.linesIn
        left.linesOut += right.linesOut
        left.bytesIn += right.bytesIn
        left.bytesOut += right.bytesOut
    }

    /// `1 line in, 1 out`, `12 bytes in, 0 out`.
    func text(inLines: Bool) -> String {
        let (come, gone, unit) = inLines ? (linesIn, linesOut, "line") : (bytesIn, bytesOut, "byte")
        return "\(come) \(unit)\(come == 1 ? "" : "s") in, \(gone) out"
    }

    func members(inLines: Bool) -> [JSONValue.Member] {
        let lines: [JSONValue.Member] = [
            .init("lines_in", JSONValue(linesIn)), .init("lines_out", JSONValue(linesOut)),
        ]
        return (inLines ? lines : [])
            + [.init("bytes_in", JSONValue(bytesIn)), .init("bytes_out", JSONValue(bytesOut))]
    }
}

/// A client while it is there.
final class ClientRecord: Sendable {
    /// What the lines call it: its address, or its number where it has none.
    let name: String
    let start: LoopInstant
    private let counted = Mutex(Traffic())

    init(named name: String, at start: LoopInstant) {
        self.name = name
        self.start = start
    }

    var traffic: Traffic { counted.withLock { $0 } }

    func note(linesIn: Int = 0, linesOut: Int = 0, bytesIn: Int = 0, bytesOut: Int = 0) {
        counted.withLock {
            $0 += Traffic(linesIn: linesIn, linesOut: linesOut, bytesIn: bytesIn, bytesOut: bytesOut)
        }
    }
}
