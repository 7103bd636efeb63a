// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a batch costs a little more than one datagram where one is all there is, and much less where many are.
// Decision: what comes first is received alone. As long as an attempt brings all that it asked for the next one asks
//           for twice as many, and after one that did not it begins anew.
// Cost:     what was received and not yet taken is here and not in the system's room: 31 datagrams at most.

/// Datagrams that came with others, and wait to be taken. Touched by the loop's thread alone.
struct DatagramBacklog {
    /// The last one first, so that taking one moves none.
    private var waiting: [Datagram] = []
    /// How many the next attempt asks for.
    private(set) var width = 1

    var isEmpty: Bool { waiting.isEmpty }

    mutating func take() -> Datagram? { waiting.popLast() }

    /// The oldest ones, in their order.
    mutating func take(upTo count: Int) -> [Datagram] {
        let taken = Array(waiting.suffix(count).reversed())
        waiting.removeLast(taken.count)
        return taken
    }

    /// Gets what `receive` puts there.
    mutating func fill<Failure>(_ receive: (_ width: Int, inout [Datagram]) throws(Failure) -> Void) throws(Failure) {
        defer {
            widen(after: waiting.count)
            waiting.reverse()
        }
        try receive(width, &waiting)
    }

    /// One attempt brought so many.
    private mutating func widen(after count: Int) {
        width = count < width ? 1 : min(2 * width, DatagramSocket.maximumBatch)
    }

    /// The next attempt asks for as many as it can.
    mutating func expectMany() { width = DatagramSocket.maximumBatch }

    /// The socket is waited for: it needs no memory meanwhile.
    mutating func rest() { if waiting.capacity > 0 { waiting = [] } }
}
