// SPDX-License-Identifier: Apache-2.0
import SystemPackage

extension Socket {
    /// Sets how long a call may wait: nil for ever, `.zero` not at all, else this long in all.
    ///
    /// Python's three modes. With a limit the descriptor is non-blocking and the call waits in `poll`; the flag belongs
    /// to the open file, so that duplicates see it too.
    ///
    /// - Throws: `.invalid` for a negative limit.
    ///
    /// C: `fcntl(2)` with `O_NONBLOCK`.
    public mutating func setTimeLimit(_ limit: Duration?) throws(SocketError) {
        if let limit, limit < .zero {
            throw SocketError(.setTimeLimit, .invalid("a time limit of \(limit) is negative"))
        }
        do throws(Errno) { try SystemCalls.setNonblocking(number, limit != nil) } catch {
            throw SocketError(.setTimeLimit, error: error, subject: subject)
        }
        timeLimit = limit
    }

    /// Makes an attempt, and as long as it would block, waits for the descriptor and makes it again, until the socket's
    /// time limit. The one place where blocking, non-blocking and timed calls part.
    @inline(__always)
    func attempt<Result: ~Copyable>(
        _ operation: SocketError.Operation, _ interest: CInt, _ patience: inout Patience,
        _ body: () throws(Errno) -> Result
    ) throws(SocketError) -> Result {
        var waits = 0
        while true {
            do throws(Errno) { return try body() } catch {
                if error != .wouldBlock { throw failure(operation, error) }
                try wait(operation, interest, &patience)
            }
            // Ready, and yet it would have blocked, again and again: poll can't tell (whether the receiver of an
            // unconnected UNIX datagram socket has room). Looking again at once would spin.
            waits += 1
            if waits > 2 { SystemCalls.pause(.milliseconds(1)) }
        }
    }

    /// Waits until the descriptor is ready.
    func wait(
        _ operation: SocketError.Operation, _ interest: CInt, _ patience: inout Patience
    ) throws(SocketError) {
        if patience.isNone { throw SocketError(operation, .wouldBlock, subject: subject) }
        let left = patience.left()
        // A blocking descriptor says "would block" only when SO_RCVTIMEO or SO_SNDTIMEO ran out. One that does not
        // block although this socket has no limit was made so through a duplicate.
        if left == nil, (try? SystemCalls.isNonblocking(number)) != true {
            throw SocketError(operation, .timedOut, subject: subject)
        }
        // Time is up, whatever poll would say: it may call ready what is not.
        if left == .zero { throw SocketError(operation, .timedOut, subject: subject) }
        let isReady: Bool
        do throws(Errno) { isReady = try SystemCalls.poll(number, for: interest, timeout: left) } catch {
            throw failure(operation, error)
        }
        if !isReady { throw SocketError(operation, .timedOut, subject: subject) }
    }

    /// How long a call with these flags may wait. The queue of errors is never waited for: it does not block.
    func patience(_ flags: TransferFlags) -> Patience {
        Patience(flags.isDisjoint(with: [.dontWait, .errorQueue]) ? timeLimit : .zero)
    }

    func failure(_ operation: SocketError.Operation, _ error: Errno) -> SocketError {
        SocketError(operation, error: error, subject: subject)
    }
}

/// What is left of a time limit over all the waits of one call. The clock is first read when there is something to wait
/// for.
struct Patience {
    private let limit: Duration?
    private var deadline: Duration?

    init(_ limit: Duration?) { self.limit = limit }

    /// Whether the call does not wait at all.
    var isNone: Bool { limit == .zero }

    /// Nil where there is no limit.
    mutating func left() -> Duration? {
        guard let limit else { return nil }
        let now = SystemClock.now
        let deadline = self.deadline ?? now + limit
        self.deadline = deadline
        return max(.zero, deadline - now)
    }
}
