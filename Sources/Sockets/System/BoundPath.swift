// SPDX-License-Identifier: Apache-2.0
//
// Facts:    bind(2) refuses a UNIX path that exists, even if nobody listens there any more; the file outlives its
//           server. A connect to it says ECONNREFUSED when it is stale, but also between another server's bind and
//           listen, and when a plain file stands there. By a socket of another kind it says ECONNREFUSED only for a
//           stale path or a plain file, else EPROTOTYPE.
// Hazard:   "connect fails, so unlink and bind" steals the path of a server that is just starting, and two starters can
//           unlink each other's.
// Decision: a starter holds a lock (flock) on the directory from before its first look until it listens; what it found
//           stale it removes, and binds the path itself: a temporary name, moved over the stale one, would stay the
//           socket's address for ever (getsockname, the clients' getpeername, /proc/net/unix). At the end the path is
//           removed only if it is still the file that was bound (device and inode).
// Cost:     starters in one directory wait for each other, at most `lockPatience`. A directory that may not be read
//           can't be locked: there a stale path stays "address in use".
import CSockets
import SystemPackage

/// The path of a listening UNIX socket, removed with the last socket that has it.
package final class BoundPath: Sendable {
    /// How long a starter waits for another one in the same directory.
    static let lockPatience = Duration.seconds(5)

    private let path: [UInt8]
    private let device: UInt64
    private let inode: UInt64
    private let isKept: Flag

    /// Remembers the file that stands at the path now.
    init?(_ path: [UInt8]) {
        guard let file = try? Self.file(at: path) else { return nil }
        self.path = path
        device = file.device
        inode = file.inode
        isKept = Flag()
    }

    deinit {
        guard !isKept.isSet, let file = try? Self.file(at: path) else { return }
        if file.device == device && file.inode == inode {
            try? SystemCalls.unlink(path, in: SystemCalls.currentDirectory)
        }
    }

    /// What stands at a path itself, and not at the end of a link.
    static func file(at path: [UInt8]) throws(Errno) -> FileStatus {
        try SystemCalls.status(of: path, in: SystemCalls.currentDirectory, followingLinks: false)
    }

    /// Leaves the path where it is.
    func keep() { isKept.set() }
}
