// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

/// The operating system, one typed function a call; extensions in the files beside this one.
///
/// Every call goes through ``perform(_:_:)`` or ``transfer(_:of:_:)``: the one place where `errno` is read, where an
/// interrupted call is made again (law 10: `EINTR` never reaches a user), and where a test can force a fault.
package enum SystemCalls {
    /// Makes a call that answers −1 for an error, again for as long as a signal interrupts it.
    @inline(__always)
    static func perform<Answer: FixedWidthInteger & SignedInteger>(
        _ call: SystemCall, _ body: () -> Answer
    ) throws(Errno) -> Answer {
        while true {
            do throws(Errno) { return try once(call, body) } catch {
                if error != .interrupted { throw error }
            }
        }
    }

    /// Makes a call once: for those that must not be repeated after a signal (`close`, `connect`), or whose time limit
    /// has to be counted anew first.
    @inline(__always)
    static func once<Answer: FixedWidthInteger & SignedInteger>(
        _ call: SystemCall, _ body: () -> Answer
    ) throws(Errno) -> Answer {
        if let error = FaultInjection.error(in: FaultInjection.fault(for: call)) { throw error }
        let answer = body()
        if answer >= 0 { return answer }
        throw currentError
    }

    /// Makes a call that moves up to `count` bytes, again for as long as a signal interrupts it.
    @inline(__always)
    static func transfer(_ call: SystemCall, of count: Int, _ body: (Int) -> Int) throws(Errno) -> Int {
        while true {
            let fault: FaultInjection.Fault? = FaultInjection.fault(for: call)
            if let error = FaultInjection.error(in: fault) {
                if error == .interrupted { continue }
                throw error
            }
            let moved = body(FaultInjection.length(count, in: fault))
            if moved >= 0 { return moved }
            let error = currentError
            if error != .interrupted { throw error }
        }
    }

    /// C: `getpid(2)`.
    package static var processIdentifier: CInt { getpid() }

    /// C: `getppid(2)`.
    package static var parentIdentifier: CInt { getppid() }

    /// Sleeps at least so long.
    ///
    /// C: `nanosleep(2)`.
    package static func pause(_ duration: Duration) {
        var wanted = timespec(duration)
        var left = timespec()
        while unsafe nanosleep(&wanted, &left) == -1 && currentError == .interrupted { wanted = left }
    }

    /// What the C library's `errno` says on this thread.
    static var currentError: Errno {
        @inline(__always) get { Errno(rawValue: nw_errno()) }
    }
}
