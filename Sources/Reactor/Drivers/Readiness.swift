// SPDX-License-Identifier: Apache-2.0

/// What a transport knows of one of its directions: it makes no system call in vain, and leaves others their turn.
struct Readiness {
    /// Whether an attempt is worth its system call.
    private(set) var mayAttempt = true
    /// For whoever never has to wait.
    private var stint = Stint()

    /// An attempt has moved something.
    @inline(__always)
    mutating func noteSuccess() { if stint.ends() { mayAttempt = false } }

    /// The same for one that moved several things.
    mutating func noteSuccess(of many: Int) { if stint.ends(after: many) { mayAttempt = false } }

    /// The next attempt would find nothing.
    @inline(__always)
    mutating func noteBlocked() { mayAttempt = false }

    /// The next attempt is a real one, whatever is known of earlier ones.
    @inline(__always)
    mutating func becomeReady() { mayAttempt = true }

    /// The loop has had a turn, and others with it.
    @inline(__always)
    mutating func noteTurn() { stint.begin() }

    /// Whether the wait that begins now is for others to have their turn, and for nothing else.
    @inline(__always)
    mutating func takeTurn() -> Bool {
        if !stint.takeEnd() { return false }
        mayAttempt = true
        return true
    }
}
