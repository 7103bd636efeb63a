// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// How much came and went.
struct Traffic: Hashable, Sendable {
    var linesIn = 0
    var linesOut = 0
    var datagramsIn = 0
    var datagramsOut = 0
    var bytesIn = 0
    var bytesOut = 0

    /// What is counted for people.
    enum Unit: String {
        case line, datagram, byte
    }

    static func += (left: inout Traffic, right: Traffic) {
        left.linesIn += right.linesIn
        left.linesOut += right.linesOut
        left.datagramsIn += right.datagramsIn
        left.datagramsOut += right.datagramsOut
        left.bytesIn += right.bytesIn
        left.bytesOut += right.bytesOut
    }

    /// `1 line in, 1 out`, `12 bytes in, 0 out`.
    func text(in unit: Unit) -> String {
        let (come, gone) =
            switch unit {
            case .line: (linesIn, linesOut)
            case .datagram: (datagramsIn, datagramsOut)
            case .byte: (bytesIn, bytesOut)
            }
        return "\(come) \(unit.rawValue)\(come == 1 ? "" : "s") in, \(gone) out"
    }

    func members(in unit: Unit) -> [JSONValue.Member] {
        let special: [JSONValue.Member] =
            switch unit {
            case .line: [.init("lines_in", JSONValue(linesIn)), .init("lines_out", JSONValue(linesOut))]
            case .datagram:
                [.init("datagrams_in", JSONValue(datagramsIn)), .init("datagrams_out", JSONValue(datagramsOut))]
            case .byte: []
            }
        return special + [.init("bytes_in", JSONValue(bytesIn)), .init("bytes_out", JSONValue(bytesOut))]
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

    func note(
        linesIn: Int = 0, linesOut: Int = 0, datagramsIn: Int = 0, datagramsOut: Int = 0, bytesIn: Int = 0,
        bytesOut: Int = 0
    ) {
        counted.withLock {
            $0 += Traffic(
                linesIn: linesIn, linesOut: linesOut, datagramsIn: datagramsIn, datagramsOut: datagramsOut,
                bytesIn: bytesIn, bytesOut: bytesOut)
        }
    }
}
