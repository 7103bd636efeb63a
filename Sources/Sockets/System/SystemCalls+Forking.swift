// SPDX-License-Identifier: Apache-2.0
//
// Facts:    fork copies the calling thread alone. What other threads held at that moment (the allocator's locks, the
//           runtime's) stays locked in the child for ever.
// Decision: whoever forks asks for the number of threads first, and does so only where it is one. Then the child may
//           do whatever the parent might.
// Hazard:   text that waits in the C library's streams would be written twice: it is flushed before.
import CSockets
package import SystemPackage

extension SystemCalls {
    /// Which of two processes this is after a fork.
    package enum Fork: Hashable, Sendable {
        /// The one that was there before; the number is the new one's.
        case parent(child: CInt)
        /// The new one.
        case child
    }

    /// How many threads this process has.
    ///
    /// - Throws: what the system says where `/proc` can't be read.
    ///
    /// C: `proc_pid_task(5)`.
    package static func threadCount() throws(Errno) -> Int {
        // A directory has a name, a "." and one ".." for each directory in it: no descriptor is needed to see that.
        let links = try status(of: Array(Self.threads.utf8), in: currentDirectory, followingLinks: true).linkCount
        if links >= 3 { return Int(clamping: links - 2) }
        let directory = try open(Self.threads.utf8, in: currentDirectory, .readOnly, options: .directory)
        return try entries(of: directory.number, maximum: maximumThreads).entries.count
    }

    /// A directory for each thread.
    private static let threads = "/proc/self/task"

    /// More threads than a process can have (`/proc/sys/kernel/threads-max`).
    private static let maximumThreads = 1 << 22

    /// Makes a second process of this one. The child leads a process group of its own, so that what it starts can be
    /// ended with it, and is sent SIGTERM should the parent end before it.
    ///
    /// - Precondition: this process has one thread (``threadCount()``).
    /// - Throws: `EAGAIN`, `ENOMEM` when the system has no room for one more process.
    ///
    /// C: `fork(2)`, `setpgid(2)`, `prctl(2)` with `PR_SET_PDEATHSIG`.
    package static func fork() throws(Errno) -> Fork {
        fflush(nil)
        let parent = getpid()
        let child = try once(.fork) { CSockets.fork() }
        if child > 0 {
            // Both sides do it, so that it is done whichever of them comes first.
            _ = try? once(.kill) { setpgid(child, child) }
            return .parent(child: child)
        }
        setpgid(0, 0)
        nw_end_with_parent(SIGTERM)
        // It may have ended before that was said.
        if getppid() != parent { _exit(1) }
        return .child
    }

    /// Ends a forked child: what it printed is written, and nothing else of its parent's is undone by it.
    ///
    /// C: `_exit(2)`.
    package static func endChild(_ status: CInt) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// Puts nothing where a descriptor was: its number stays taken, and what it led to is let go of.
    ///
    /// C: `dup3(2)` of `/dev/null`.
    package static func replaceByNothing(_ descriptor: CInt) throws(Errno) {
        let nothing = try open("/dev/null".utf8, in: currentDirectory, .readWrite)
        _ = try perform(.dup) { nw_dup3(nothing.number, descriptor, O_CLOEXEC) }
    }
}
