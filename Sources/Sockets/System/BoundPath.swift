// SPDX-License-Identifier: Apache-2.0
//
// Facts:    bind(2) refuses a UNIX path that exists, even if nobody listens there any more; the file outlives its
//           server. A connect to it says ECONNREFUSED when it is stale, but also between another server's bind and
//           listen, and when a plain file stands there. By a socket of another kind it says ECONNREFUSED only for a
//           stale path or a plain file, else EPROTOTYPE.
// Hazard:   "connect fails, so unlink and bind" steals the path of a server that is just starting, and two starters can
//           unlink each other's.
// Decision: a starter holds a lock (flock) on the directory from before its first look until it listens; it removes the
//           stale file only if that is the very file it looked at, and binds the path itself. (A temporary name that is
//           moved over the stale one answers at every moment; but the system goes on to call the socket by it, and it
//           has to fit into the 107 bytes too.) At the end the path is removed only if it is still the file that was
//           bound (device and inode).
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
