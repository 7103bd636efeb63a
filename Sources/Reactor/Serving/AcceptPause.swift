// SPDX-License-Identifier: Apache-2.0
//
// Facts:    when a process has no descriptor left, accept fails at once, the client stays in the queue, and the
//           listener stays readable: a loop that tries again at once burns a core and writes a log line each time.
//           At the limit every client that leaves is followed by one more success and one more failure.
// Decision: accepting pauses, 50 ms at first and twice as long each time up to 800 ms, so that it goes on within a
//           second; a client of our own that leaves ends the pause. One descriptor is kept in reserve, given up for a
//           moment to take a waiting client and close it, so that it learns of it now and not at its time-out. A
//           shortage is over when none was met for a second: it is said once, and once when it is over.
import Sockets

/// What a server does about its clients while descriptors or memory are short.
package struct AcceptPause: ~Copyable {
    static let first = Duration.milliseconds(50)
    static let longest = Duration.milliseconds(800)
    static let calm = Duration.seconds(1)

    private var length: Duration?
    private var reserve: OwnedDescriptor?
    /// When the shortage is over if none is met until then; `.never` outside of one.
    package private(set) var calmAt = LoopInstant.never

    /// Whether a shortage was met and is not over.
    var isInShortage: Bool { calmAt != .never }

    /// A pause went by without anybody leaving. If then nothing has come back those who wait are told.
    package var wasInVain = false

    package init() { reserve = Self.makeReserve() }

    /// A shortage was met: how long to pause, and whether it is the first time.
    package mutating func begin(at now: LoopInstant) -> (length: Duration, isNews: Bool) {
        let next = length.map { min($0 * 2, Self.longest) } ?? Self.first
        defer { length = next }
        calmAt = now.advanced(by: next).advanced(by: Self.calm)
        return (next, length == nil)
    }

    /// Takes one waiting client with the reserve descriptor, and lets it go at once.
    mutating func shed(_ acceptor: any Acceptor) {
        shed { if let client = try? acceptor.acceptToRefuse() { client.abort() } }
    }

    /// The same for any way to take a client and let it go.
    package mutating func shed(_ takeOne: () -> Void) {
        reserve = nil
        takeOne()
        reserve = Self.makeReserve()
    }

    /// Nothing was short: whether that ends a shortage.
    package mutating func end(at now: LoopInstant) -> Bool {
        wasInVain = false
        guard now >= calmAt, calmAt != .never else { return false }
        length = nil
        calmAt = .never
        if reserve == nil { reserve = Self.makeReserve() }
        return true
    }

    /// One open descriptor of nothing; nil while there is none to be had.
    private static func makeReserve() -> OwnedDescriptor? {
        guard let number = try? SystemCalls.eventDescriptor() else { return nil }
        return OwnedDescriptor(number)
    }
}
