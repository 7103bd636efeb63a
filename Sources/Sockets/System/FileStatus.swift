// SPDX-License-Identifier: Apache-2.0
import CSockets
public import SystemPackage

/// What the system knows about a file, but for its name and its bytes.
///
/// C: `stat(2)`, `inode(7)`.
public struct FileStatus: Hashable, Sendable {
    /// What kind of file it is.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// The kinds of `inode(7)`; unknown is what a later system may add.
        case regular, directory, symbolicLink, pipe, socket, characterDevice, blockDevice, unknown
    }

    /// What kind of file it is.
    public let kind: Kind
    /// Who may do what with it.
    public let permissions: FilePermissions
    /// In bytes; of a link the length of the path in it.
    public let size: Int64
    /// The number of the user whose file it is.
    public let owner: UInt32
    /// The number of its group.
    public let group: UInt32
    /// Which device it is on. With the inode it tells one file from every other.
    public let device: UInt64
    /// Its number on its device.
    public let inode: UInt64
    /// How many names it has.
    public let linkCount: UInt64
    /// When its bytes last changed, since the start of 1970 (UTC).
    public let modified: Duration

    /// A status, of a file that is on no disk.
    ///
    /// - Parameter inode: what tells the file from the others of its kind.
    public init(
        kind: Kind, permissions: FilePermissions, size: Int64, inode: UInt64, modified: Duration, linkCount: UInt64 = 1
    ) {
        self.kind = kind
        self.permissions = permissions
        self.size = size
        self.inode = inode
        self.modified = modified
        self.linkCount = linkCount
        owner = 0
        group = 0
        device = 0
    }

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
