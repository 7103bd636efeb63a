// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a process whose clients have every descriptor can't open a file, resolve a name or start a program for
//           those whom it serves. And it does not live long: once a second, while work waits for Swift's own pool of
//           threads, libdispatch opens a file for each of these, and ends the process if it can't (a crash in
//           `_dispatch_workq_monitor_pools`, Swift 6.3). The system always gives the lowest number that is free.
// Decision: a client's own number tells how many are left. Once one of the last was given, no client is taken before
//           there is room again: it waits as in any other shortage. Who refuses a client may use one for that.
// Cost:     a comparison a client; three system calls for each attempt in a shortage.
import Sockets
import SystemPackage

/// The descriptors that a listener leaves free for everything else.
package struct SpareDescriptors {
    /// From this number on one is of the last.
    private var first: CInt
    /// Whether a client had one of those.
    private var areTouched = false

    init() { first = Self.first() }

    /// An eighth of what the process may have, and 16 of many.
    package static func count(of limit: Int) -> Int { min(16, limit / 8) }

    private static func first() -> CInt {
        guard let limit = try? SystemCalls.descriptorLimit() else { return .max }
        return CInt(clamping: limit - count(of: limit))
    }

    /// A client was given this one.
    @inline(__always)
    mutating func note(_ number: CInt) { if number >= first { areTouched = true } }

    /// Whether there are only spare ones now.
    mutating func areAllThatIsLeft() -> Bool {
        if !areTouched { return false }
        // The limit may have been raised meanwhile.
        first = Self.first()
        // Where there is none at all accepting says so itself.
        guard let number = try? SystemCalls.eventDescriptor() else { return false }
        let probe = OwnedDescriptor(number)
        areTouched = probe.number >= first
        return areTouched
    }
}
