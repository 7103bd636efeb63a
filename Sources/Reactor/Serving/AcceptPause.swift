// SPDX-License-Identifier: Apache-2.0
//
// Facts:    when a process has no descriptor left, accept fails at once, the client stays in the queue, and the
//           listener stays readable: a loop that tries again at once burns a core and writes a log line each time.
// Decision: accepting pauses, 50 ms at first and twice as long each time up to a second; one descriptor is kept in
//           reserve, given up for a moment to take a waiting client and close it, so that it learns of it now and not
//           at its time-out. It is said once, and once when it is over.
import Sockets

/// What a server does about its clients while descriptors or memory are short.
struct AcceptPause: ~Copyable {
    private static let first = Duration.milliseconds(50)
    private static let longest = Duration.seconds(1)

    private var length: Duration?
    private var reserve: OwnedDescriptor?

    init() { reserve = Self.makeReserve() }

    /// A shortage was met: how long to pause, and whether it is the first time.
    mutating func begin() -> (length: Duration, isNews: Bool) {
        let next = length.map { min($0 * 2, Self.longest) } ?? Self.first
        defer { length = next }
        return (next, length == nil)
    }

    /// Takes one waiting client with the reserve descriptor, and lets it go at once.
    mutating func shed(_ acceptor: any Acceptor) {
        reserve = nil
        if let client = try? acceptor.acceptNow() { client.abort() }
        reserve = Self.makeReserve()
    }

    /// A client was accepted: whether that ends a shortage.
    mutating func end() -> Bool {
        guard length != nil else { return false }
        length = nil
        if reserve == nil { reserve = Self.makeReserve() }
        return true
    }

    /// One open descriptor of nothing; nil while there is none to be had.
    private static func makeReserve() -> OwnedDescriptor? {
        guard let number = try? SystemCalls.eventDescriptor() else { return nil }
        return OwnedDescriptor(number)
    }
}
