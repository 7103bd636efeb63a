// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

extension SystemCalls {
    /// Waits for events; the number of entries that have some. Counts its time limit anew after a signal.
    ///
    /// C: `ppoll(2)`.
    static func poll(_ entries: UnsafeMutableBufferPointer<pollfd>, timeout: Duration?) throws(Errno) -> Int {
        try unsafe waiting(.poll, timeout) { limit in
            unsafe ppoll(entries.baseAddress, nfds_t(entries.count), limit, nil)
        }
    }

    /// Waits for one descriptor, true once it is ready, false when time is up.
    static func poll(_ descriptor: CInt, for events: CInt, timeout: Duration?) throws(Errno) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        return try unsafe waiting(.poll, timeout) { limit in unsafe ppoll(&entry, 1, limit, nil) } > 0
    }

    /// Whether a descriptor is ready now; an end or an error counts as both.
    ///
    /// C: `ppoll(2)`.
    package static func isReady(_ descriptor: CInt, for interest: Interest) throws(Errno) -> Bool {
        let events = interest.contains(.writable) ? Constants.pollOut : Constants.pollIn
        return try poll(descriptor, for: events, timeout: .zero)
    }

    /// C: `pselect(2)`. The sets are lent again in full after a signal, since the kernel leaves them undefined.
    static func select(
        highest: CInt, _ sets: inout (read: fd_set, write: fd_set, except: fd_set), timeout: Duration?
    ) throws(Errno) -> Int {
        let asked = sets
        return try unsafe waiting(.select, timeout) { limit in
            sets = asked
            return unsafe pselect(highest + 1, &sets.read, &sets.write, &sets.except, limit, nil)
        }
    }

    /// C: `epoll_create1(2)`.
    static func epollCreate() throws(Errno) -> CInt {
        try perform(.epollCreate) { epoll_create1(Constants.epollCloseOnExec) }
    }

    /// C: `epoll_ctl(2)`.
    static func epollControl(
        _ selector: CInt, _ operation: CInt, _ descriptor: CInt, events: UInt32 = 0, token: UInt64 = 0
    ) throws(Errno) {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.u64 = token
        _ = try perform(.epollControl) { unsafe epoll_ctl(selector, operation, descriptor, &event) }
    }

    /// C: `epoll_wait(2)`, whose milliseconds are rounded up.
    static func epollWait(
        _ selector: CInt, into events: UnsafeMutableBufferPointer<epoll_event>, timeout: Duration?
    ) throws(Errno) -> Int {
        try unsafe waiting(.epollWait, timeout) { limit in
            let milliseconds = unsafe limit.map { unsafe $0.pointee.milliseconds } ?? -1
            return unsafe epoll_wait(selector, events.baseAddress, CInt(clamping: events.count), milliseconds)
        }
    }

    /// A counter that makes a selector return.
    ///
    /// C: `eventfd(2)`.
    package static func eventDescriptor() throws(Errno) -> CInt {
        try perform(.eventfd) { eventfd(0, Constants.eventCloseOnExec | Constants.eventNonblocking) }
    }

    /// Makes an event descriptor readable. Any thread may call this.
    ///
    /// C: `eventfd_write(3)`.
    package static func signal(_ descriptor: CInt) {
        while eventfd_write(descriptor, 1) == -1 && currentError == .interrupted {}
    }

    /// Makes an event descriptor unreadable again.
    ///
    /// C: `eventfd_read(3)`.
    package static func clearSignal(_ descriptor: CInt) {
        var count: eventfd_t = 0
        while unsafe eventfd_read(descriptor, &count) == -1 && currentError == .interrupted {}
    }

    /// How many processors this process may use; 1 where the system does not tell.
    ///
    /// C: `sysconf(3)` with `_SC_NPROCESSORS_ONLN`.
    package static var processorCount: Int { max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }

    /// Makes a call with a time limit (nil: none), and once a signal has interrupted it, again with what is left.
    private static func waiting(
        _ call: SystemCall, _ timeout: Duration?, _ body: (UnsafePointer<timespec>?) -> CInt
    ) throws(Errno) -> Int {
        guard let timeout else { return Int(try perform(call) { body(nil) }) }
        let deadline = timeout > .zero ? SystemClock.now + timeout : nil
        var left = timeout
        while true {
            var limit = timespec(left)
            do throws(Errno) {
                return Int(try once(call) { unsafe body(&limit) })
            } catch {
                if error != .interrupted { throw error }
                left = deadline.map { $0 - SystemClock.now } ?? .zero
            }
        }
    }
}

extension timespec {
    /// Never negative, and no longer than a year: past that the kernel's own arithmetic has surprised people.
    init(_ duration: Duration) {
        let bounded = min(max(duration, .zero), .seconds(365 * 86_400))
        let (seconds, attoseconds) = bounded.components
        self.init(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    }

    /// Rounded up, so that a wait never ends before its time and never spins in the last millisecond.
    var milliseconds: CInt {
        let whole = tv_sec.multipliedReportingOverflow(by: 1000)
        return whole.overflow ? .max : CInt(clamping: whole.partialValue + (tv_nsec + 999_999) / 1_000_000)
    }
}
