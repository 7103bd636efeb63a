// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

extension SystemCalls {
    /// Closes a descriptor. Never made again: after `EINTR` Linux has closed it already, and the number may belong to
    /// somebody else by now.
    ///
    /// C: `close(2)`.
    package static func close(_ descriptor: CInt) throws(Errno) {
        do throws(Errno) {
            _ = try once(.close) { CSockets.close(descriptor) }
        } catch {
            if error != .interrupted { throw error }
        }
    }

    /// A second descriptor for the same open file, closed on exec.
    ///
    /// C: `fcntl(2)` with `F_DUPFD_CLOEXEC`.
    package static func duplicate(_ descriptor: CInt, atLeast minimum: CInt = 0) throws(Errno) -> CInt {
        try perform(.dup) { nw_fcntl(descriptor, F_DUPFD_CLOEXEC, minimum) }
    }

    /// Opens what a descriptor leads to once more: an open file of its own, non-blocking whatever the other one is. A
    /// socket can't be opened so, nor what belongs to somebody else.
    ///
    /// - Throws: `EBADF` for a direction that the descriptor was not opened for, though the file would allow it.
    ///
    /// C: `openat(2)` of `/proc/self/fd/N` with `O_NONBLOCK` and `O_NOCTTY`.
    package static func reopen(
        _ descriptor: CInt, _ mode: FileDescriptor.AccessMode
    ) throws(Errno) -> OwnedDescriptor {
        let access = try perform(.fcntl) { nw_fcntl(descriptor, F_GETFL, 0) } & O_ACCMODE
        if access != O_RDWR && access != mode.rawValue { throw .badFileDescriptor }
        return try open(
            "/proc/self/fd/\(descriptor)".utf8, in: currentDirectory, mode,
            options: .init(rawValue: O_NONBLOCK | O_NOCTTY))
    }

    /// C: `fcntl(2)` with `F_GETFL`.
    package static func isNonblocking(_ descriptor: CInt) throws(Errno) -> Bool {
        try perform(.fcntl) { nw_fcntl(descriptor, F_GETFL, 0) } & O_NONBLOCK != 0
    }

    /// C: `fcntl(2)` with `F_SETFL`. The flag belongs to the open file, so that duplicates see it too.
    package static func setNonblocking(_ descriptor: CInt, _ on: Bool) throws(Errno) {
        let flags = try perform(.fcntl) { nw_fcntl(descriptor, F_GETFL, 0) }
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        if wanted != flags { _ = try perform(.fcntl) { nw_fcntl(descriptor, F_SETFL, wanted) } }
    }

    /// C: `fcntl(2)` with `F_GETFD`.
    package static func isInheritable(_ descriptor: CInt) throws(Errno) -> Bool {
        try perform(.fcntl) { nw_fcntl(descriptor, F_GETFD, 0) } & FD_CLOEXEC == 0
    }

    /// C: `fcntl(2)` with `F_SETFD`.
    package static func setInheritable(_ descriptor: CInt, _ on: Bool) throws(Errno) {
        let flags = try perform(.fcntl) { nw_fcntl(descriptor, F_GETFD, 0) }
        _ = try perform(.fcntl) { nw_fcntl(descriptor, F_SETFD, on ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC) }
    }

    /// Fills the places of the standard streams that the process was started without, so that no socket gets one of
    /// their numbers, and with it what is printed. Reading and writing there go on to say `EBADF`, and a program that
    /// is executed finds the places empty as before. Where no descriptor is left they stay empty.
    ///
    /// C: `open(2)` of `/dev/null` in the wrong direction.
    package static func fillStandardDescriptors() {
        for number in 0...2 as ClosedRange<CInt> where (try? isInheritable(number)) == nil {
            // The lowest free number is the one that was found empty.
            let mode: FileDescriptor.AccessMode = number == 0 ? .writeOnly : .readOnly
            _ = try? open("/dev/null".utf8, in: currentDirectory, mode).detach()
        }
    }

    /// How many bytes a read would find now.
    ///
    /// C: `ioctl(2)` with `FIONREAD`.
    package static func bytesAvailable(_ descriptor: CInt) throws(Errno) -> Int {
        var count: CInt = 0
        _ = try perform(.ioctl) { unsafe nw_ioctl(descriptor, nw_fionread, &count) }
        return Int(count)
    }

    /// How many sent bytes are still under way.
    ///
    /// C: `ioctl(2)` with `SIOCOUTQ`.
    static func unacknowledgedBytes(_ descriptor: CInt) throws(Errno) -> Int {
        var count: CInt = 0
        _ = try perform(.ioctl) { unsafe nw_ioctl(descriptor, nw_siocoutq, &count) }
        return Int(count)
    }
}
