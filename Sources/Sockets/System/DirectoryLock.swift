// SPDX-License-Identifier: Apache-2.0
import SystemPackage

/// A directory, locked against other starters of UNIX servers for as long as this lives. A lock is its holder's and
/// not its process's: whoever has one must not ask for a second.
///
/// C: `flock(2)`.
struct DirectoryLock: ~Copyable {
    private let descriptor: OwnedDescriptor

    /// Locks the directory that a path stands in.
    ///
    /// - Throws: `.timedOut` when somebody has held it for ``BoundPath/lockPatience``; `EACCES` for one that may not be
    ///   read.
    init(of path: [UInt8]) throws(Errno) {
        let descriptor = try SystemCalls.open(
            Self.directory(of: path), in: SystemCalls.currentDirectory, .readOnly, options: .directory)
        try Self.lock(descriptor.number)
        self.descriptor = descriptor
    }

    private static func lock(_ descriptor: CInt) throws(Errno) {
        let deadline = SystemClock.now + BoundPath.lockPatience
        while try !SystemCalls.tryLock(descriptor) {
            if SystemClock.now >= deadline { throw .timedOut }
            SystemCalls.pause(.milliseconds(1))
        }
    }

    private static func directory(of path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return [UInt8(ascii: ".")] }
        return slash == 0 ? [UInt8(ascii: "/")] : Array(path[..<slash])
    }
}
