// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a task that always finds what it asks for never waits, and as long as it does not wait nobody else on its
//           loop goes on: not the other connections, not a timer, not even its own cancellation. A peer that sends
//           without a pause brings that about.
// Decision: after so many attempts that succeeded one behind the other the next one would have to wait, says the
//           transport, and the wait is over at the loop's next turn.
// Cost:     a comparison for each send, and for each receive that filled its room; a turn of the loop after so many.

/// How many attempts in one direction have succeeded without a wait.
struct Stint {
    private var count: UInt8 = 0
    private var isOver = false

    private static let longest: UInt8 = 32

    /// An attempt has succeeded; whether it was the last one for now.
    @inline(__always)
    mutating func ends() -> Bool {
        count &+= 1
        if count < Self.longest { return false }
        count = 0
        isOver = true
        return true
    }

    /// The same for one that moved several things.
    mutating func ends(after many: Int) -> Bool {
        if Int(count) + many < Int(Self.longest) {
            count += UInt8(many)
            return false
        }
        count = 0
        isOver = true
        return true
    }

    /// The task has waited.
    @inline(__always)
    mutating func begin() { count = 0 }

    /// Whether the wait that begins now is for others to have their turn, and for nothing else.
    @inline(__always)
    mutating func takeEnd() -> Bool {
        if !isOver { return false }
        isOver = false
        return true
    }
}
