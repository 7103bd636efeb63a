// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// What the system knows about a file, but for its name and its bytes.
///
/// C: `stat(2)`, `inode(7)`.
package struct FileStatus: Hashable, Sendable {
    /// What kind of file it is.
    package enum Kind: Hashable, Sendable, CaseIterable {
        case regular, directory, symbolicLink, pipe, socket, characterDevice, blockDevice, unknown
    }

    package let kind: Kind
    package let permissions: FilePermissions
    /// In bytes; of a link the length of the path in it.
    package let size: Int64
    package let owner: UInt32
    package let group: UInt32
    /// Which device it is on. With the inode it tells one file from every other.
    package let device: UInt64
    package let inode: UInt64
    package let linkCount: UInt64
    /// When its bytes last changed, since the start of 1970 (UTC).
    package let modified: Duration

    init(_ status: stat) {
        kind = Kind(mode: status.st_mode)
        permissions = FilePermissions(rawValue: status.st_mode & 0o7777)
        size = Int64(status.st_size)
        owner = status.st_uid
        group = status.st_gid
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        linkCount = UInt64(status.st_nlink)
        modified = .seconds(status.st_mtim.tv_sec) + .nanoseconds(status.st_mtim.tv_nsec)
    }
}

extension FileStatus.Kind {
    init(mode: mode_t) {
        self =
            switch mode & mode_t(S_IFMT) {
            case mode_t(S_IFREG): .regular
            case mode_t(S_IFDIR): .directory
            case mode_t(S_IFLNK): .symbolicLink
            case mode_t(S_IFIFO): .pipe
            case mode_t(S_IFSOCK): .socket
            case mode_t(S_IFCHR): .characterDevice
            case mode_t(S_IFBLK): .blockDevice
            default: .unknown
            }
    }

    /// The kind that a directory's entry tells: the same number, four bits on the left of it.
    init(entryKind: UInt8) {
        self.init(mode: mode_t(entryKind) << 12)
    }
}
