// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

extension SystemCalls {
    /// Which file stands at a path, without following a link.
    ///
    /// C: `lstat(2)`.
    static func identity(ofPath path: String) throws(Errno) -> (device: UInt64, inode: UInt64) {
        var status = stat()
        _ = try perform(.fstat) { unsafe lstat(path, &status) }
        return (UInt64(status.st_dev), UInt64(status.st_ino))
    }

    /// C: `unlink(2)`.
    static func unlink(_ path: String) throws(Errno) {
        _ = try perform(.unlink) { unsafe CSockets.unlink(path) }
    }

    /// C: `rename(2)`.
    static func rename(_ path: String, to target: String) throws(Errno) {
        _ = try perform(.rename) { unsafe CSockets.rename(path, target) }
    }

    /// Opens a directory and locks it against everybody else who asks; false where somebody has it.
    ///
    /// C: `flock(2)`.
    static func tryLock(_ descriptor: CInt) throws(Errno) -> Bool {
        do throws(Errno) {
            _ = try perform(.flock) { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            if error == .wouldBlock { return false }
            throw error
        }
    }

    /// C: `open(2)` with `O_DIRECTORY`.
    static func openDirectory(_ path: String) throws(Errno) -> OwnedDescriptor {
        OwnedDescriptor(try perform(.openat) { unsafe nw_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
    }
}
