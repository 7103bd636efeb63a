// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a path that is checked as text and then opened can be led out of its directory by a link that somebody puts
//           there in between. openat2(2) with RESOLVE_BENEATH refuses while it walks; kernels before 5.6 lack it, and
//           sandboxes forbid it (ENOSYS, some EPERM). It answers EAGAIN when something was renamed while it went up.
// Decision: openat2; where it is missing, a walk that opens each directory by itself and follows no link at all.
// Cost:     the walk takes two system calls a component, and refuses links and `..` that openat2 would follow within.
import CSockets
package import SystemPackage

extension SystemCalls {
    /// How often a walk that something renamed has disturbed is begun anew.
    private static let beneathAttempts = 100

    /// Opens a file below a directory and never outside: no `..`, no absolute path, no link and no mount of `/proc`
    /// leads out. `EXDEV` says that the path would. The file is closed on exec.
    ///
    /// Links that stay below are followed where the kernel can tell, and refused (`ELOOP`, `ENOTDIR`) where it can't;
    /// with `followingLinks: false` they are always refused.
    ///
    /// C: `openat2(2)` with `RESOLVE_BENEATH` and `RESOLVE_NO_MAGICLINKS`; `openat(2)` with `O_NOFOLLOW`.
    package static func openBeneath(
        _ directory: CInt, _ path: some Collection<UInt8>, _ mode: FileDescriptor.AccessMode,
        options: FileDescriptor.OpenOptions = [], permissions: FilePermissions = [], followingLinks: Bool = true
    ) throws(Errno) -> OwnedDescriptor {
        let flags = UInt64(UInt32(bitPattern: mode.rawValue | options.rawValue | O_CLOEXEC))
        let resolve = nw_resolve_beneath | nw_resolve_no_magiclinks | (followingLinks ? 0 : nw_resolve_no_symlinks)
        for _ in 1..<beneathAttempts {
            do throws(Errno) {
                let number = try unsafe withPath(path) { path throws(Errno) in
                    try perform(.openat2) {
                        unsafe nw_openat2(directory, path, flags, UInt64(permissions.rawValue), resolve)
                    }
                }
                return OwnedDescriptor(number)
            } catch {
                switch error {
                case .resourceTemporarilyUnavailable: continue
                case .noFunction, .notPermitted:
                    return try walkBeneath(directory, path, mode, options: options, permissions: permissions)
                default: throw error
                }
            }
        }
        throw .resourceTemporarilyUnavailable
    }

    /// Opens as ``openBeneath(_:_:_:options:permissions:followingLinks:)`` does, if that needs no disk: nil where the
    /// system does not know every part of the path by heart, or can't tell.
    ///
    /// C: `openat2(2)` with `RESOLVE_CACHED`, since Linux 5.12.
    package static func openCachedBeneath(
        _ directory: CInt, _ path: some Collection<UInt8>, _ mode: FileDescriptor.AccessMode,
        options: FileDescriptor.OpenOptions = []
    ) throws(Errno) -> OwnedDescriptor? {
        let flags = UInt64(UInt32(bitPattern: mode.rawValue | options.rawValue | O_CLOEXEC))
        let resolve = nw_resolve_beneath | nw_resolve_no_magiclinks | nw_resolve_cached
        do throws(Errno) {
            return OwnedDescriptor(
                try unsafe withPath(path) { path throws(Errno) in
                    try perform(.openat2) { unsafe nw_openat2(directory, path, flags, 0, resolve) }
                })
        } catch {
            switch error {
            case .resourceTemporarilyUnavailable, .noFunction, .notPermitted, .invalidArgument: return nil
            default: throw error
            }
        }
    }

    /// What is known about the file at a path below a directory, without opening it.
    ///
    /// C: `openat2(2)` with `O_PATH`, `fstat(2)`.
    package static func statusBeneath(
        _ directory: CInt, _ path: some Collection<UInt8>
    ) throws(Errno) -> FileStatus {
        let file = try openBeneath(directory, path, .readOnly, options: .init(rawValue: nw_o_path))
        return try status(of: file.number)
    }

    /// The same if that needs no disk, else nil.
    package static func cachedStatusBeneath(
        _ directory: CInt, _ path: some Collection<UInt8>
    ) throws(Errno) -> FileStatus? {
        guard let file = try openCachedBeneath(directory, path, .readOnly, options: .init(rawValue: nw_o_path)) else {
            return nil
        }
        return try status(of: file.number)
    }

    private static func walkBeneath(
        _ directory: CInt, _ path: some Collection<UInt8>, _ mode: FileDescriptor.AccessMode,
        options: FileDescriptor.OpenOptions, permissions: FilePermissions
    ) throws(Errno) -> OwnedDescriptor {
        if path.isEmpty { throw .noSuchFileOrDirectory }
        let slash = UInt8(ascii: "/")
        var names = path.split(separator: slash).map { Array($0) }.filter { $0 != [UInt8(ascii: ".")] }
        if path.first == slash || names.contains([UInt8(ascii: "."), UInt8(ascii: ".")]) { throw .improperLink }
        let endsWithSlash = path.reversed().first == slash
        let last = names.popLast() ?? [UInt8(ascii: ".")]
        var current = directory
        var parent: OwnedDescriptor?
        for name in names {
            let next = try open(
                name, in: current, .readOnly, options: [.init(rawValue: nw_o_path), .directory, .noFollow])
            current = next.number
            parent = consume next
        }
        let file = try open(
            last, in: current, mode, options: options.union(endsWithSlash ? [.noFollow, .directory] : .noFollow),
            permissions: permissions)
        _ = consume parent
        return file
    }
}
