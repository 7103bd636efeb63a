// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// Files by a path below an open directory, or below ``currentDirectory``. A path is bytes, as the kernel takes it; one
/// with a NUL is `EINVAL`, since C would take what stands before it for the whole.
extension SystemCalls {
    /// Stands for the directory that the process is in, wherever a directory's descriptor is asked for.
    package static let currentDirectory: CInt = AT_FDCWD

    /// Opens a file. It is closed on exec.
    ///
    /// C: `openat(2)`.
    package static func open(
        _ path: some Collection<UInt8>, in directory: CInt, _ mode: FileDescriptor.AccessMode,
        options: FileDescriptor.OpenOptions = [], permissions: FilePermissions = []
    ) throws(Errno) -> OwnedDescriptor {
        let flags = mode.rawValue | options.rawValue | O_CLOEXEC
        let number = try unsafe withPath(path) { path throws(Errno) in
            try perform(.openat) { unsafe nw_openat(directory, path, flags, mode_t(permissions.rawValue)) }
        }
        return OwnedDescriptor(number)
    }

    /// What is known about an open file.
    ///
    /// C: `fstat(2)`.
    package static func status(of descriptor: CInt) throws(Errno) -> FileStatus {
        var status = stat()
        _ = try perform(.fstat) { unsafe fstat(descriptor, &status) }
        return FileStatus(status)
    }

    /// What is known about the file at a path.
    ///
    /// C: `fstatat(2)`.
    package static func status(
        of path: some Collection<UInt8>, in directory: CInt, followingLinks: Bool = true
    ) throws(Errno) -> FileStatus {
        var status = stat()
        let flags = followingLinks ? 0 : AT_SYMLINK_NOFOLLOW
        _ = try unsafe withPath(path) { path throws(Errno) in
            try perform(.fstat) { unsafe fstatat(directory, path, &status, flags) }
        }
        return FileStatus(status)
    }

    /// Says who may use an open file; of a UNIX socket that is bound after that, who may connect to its path, less what
    /// the process's mask takes away.
    ///
    /// C: `fchmod(2)`.
    package static func setPermissions(of descriptor: CInt, to permissions: FilePermissions) throws(Errno) {
        _ = try perform(.fchmodat) { fchmod(descriptor, mode_t(permissions.rawValue)) }
    }

    /// Says who may use the file at a path; of a UNIX socket, who may connect. A link at the path's end is not followed
    /// (`ENOTSUP`): somebody may have put it there.
    ///
    /// C: `fchmodat(2)` with `AT_SYMLINK_NOFOLLOW`.
    package static func setPermissions(
        of path: some Collection<UInt8>, in directory: CInt, to permissions: FilePermissions
    ) throws(Errno) {
        _ = try unsafe withPath(path) { path throws(Errno) in
            let mode = mode_t(permissions.rawValue)
            return try perform(.fchmodat) { unsafe fchmodat(directory, path, mode, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Reads at an offset what the system has in memory, without waiting for a disk: nil when it would have to wait, or
    /// when this file system can't tell. 0 is the end of the file. The count may be short although more is in the file.
    ///
    /// - Parameter offset: −1 stands for the open file's own place, which moves on.
    ///
    /// C: `preadv2(2)` with `RWF_NOWAIT`.
    package static func readCached(
        _ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(Errno) -> Int? {
        do throws(Errno) {
            return try transfer(.preadv2, of: buffer.count) {
                var vector = unsafe iovec(iov_base: buffer.baseAddress, iov_len: $0)
                return unsafe preadv2(descriptor, &vector, 1, off_t(offset), nw_rwf_nowait)
            }
        } catch {
            switch error {
            case .wouldBlock, .notSupportedOnSocket, .noFunction: return nil
            default: throw error
            }
        }
    }

    /// Gives a file another name, in the same file system, at one stroke.
    ///
    /// - Parameter replacing: false refuses with `EEXIST` when the new name is taken.
    ///
    /// C: `renameat2(2)`.
    package static func rename(
        _ path: some Collection<UInt8>, in directory: CInt, to target: some Collection<UInt8>,
        in targetDirectory: CInt, replacing: Bool = true
    ) throws(Errno) {
        try unsafe withPath(path) { path throws(Errno) in
            try unsafe withPath(target) { target throws(Errno) in
                _ = try perform(.rename) {
                    unsafe renameat2(directory, path, targetDirectory, target, replacing ? 0 : nw_rename_noreplace)
                }
            }
        }
    }

    /// Takes a file's name away, and the file with it if that was the last one and nobody has it open.
    ///
    /// C: `unlinkat(2)`.
    package static func unlink(_ path: some Collection<UInt8>, in directory: CInt) throws(Errno) {
        try unsafe withPath(path) { path throws(Errno) in
            _ = try perform(.unlink) { unsafe unlinkat(directory, path, 0) }
        }
    }

    /// C: `mkdirat(2)`.
    package static func makeDirectory(
        _ path: some Collection<UInt8>, in directory: CInt, permissions: FilePermissions
    ) throws(Errno) {
        try unsafe withPath(path) { path throws(Errno) in
            _ = try perform(.mkdirat) { unsafe mkdirat(directory, path, mode_t(permissions.rawValue)) }
        }
    }

    /// Removes an empty directory.
    ///
    /// C: `unlinkat(2)` with `AT_REMOVEDIR`.
    package static func removeDirectory(_ path: some Collection<UInt8>, in directory: CInt) throws(Errno) {
        try unsafe withPath(path) { path throws(Errno) in
            _ = try perform(.unlink) { unsafe unlinkat(directory, path, AT_REMOVEDIR) }
        }
    }

    /// Opens a new file that has no name: it is gone with its last descriptor, unless ``link(_:as:in:)`` names it.
    /// `EOPNOTSUPP` where the file system can't do that.
    ///
    /// C: `open(2)` with `O_TMPFILE`.
    package static func openUnnamed(
        in directory: CInt, _ mode: FileDescriptor.AccessMode = .readWrite, permissions: FilePermissions
    ) throws(Errno) -> OwnedDescriptor {
        try open(
            ".".utf8, in: directory, mode, options: .init(rawValue: nw_o_tmpfile), permissions: permissions)
    }

    /// Names a file that has none yet, at one stroke: whoever sees the name sees the whole file. `EEXIST` when the name
    /// is taken.
    ///
    /// C: `linkat(2)` with `AT_SYMLINK_FOLLOW`.
    package static func link(_ descriptor: CInt, as path: some Collection<UInt8>, in directory: CInt) throws(Errno) {
        // By way of /proc: linkat's own AT_EMPTY_PATH asks for a right that only root has.
        let source = "/proc/self/fd/\(descriptor)"
        try unsafe withPath(path) { path throws(Errno) in
            _ = try perform(.linkat) { unsafe linkat(AT_FDCWD, source, directory, path, AT_SYMLINK_FOLLOW) }
        }
    }

    /// Waits until what was written is where it outlives a loss of power.
    ///
    /// C: `fsync(2)`.
    package static func synchronize(_ descriptor: CInt) throws(Errno) {
        _ = try perform(.fsync) { fsync(descriptor) }
    }

    /// Lends a path as C takes it.
    static func withPath<Answer>(
        _ path: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) throws(Errno) -> Answer
    ) throws(Errno) -> Answer {
        var bytes = path.map { CChar(bitPattern: $0) }
        if bytes.contains(0) { throw .invalidArgument }
        bytes.append(0)
        return try unsafe bytes.span.withUnsafeBufferPointer { bytes throws(Errno) in
            guard let start = bytes.baseAddress else { throw .invalidArgument }
            return try unsafe body(start)
        }
    }
}
