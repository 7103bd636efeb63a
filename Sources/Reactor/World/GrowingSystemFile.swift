// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// A file of this machine's that is written at its end.
final class GrowingSystemFile: GrowingFile {
    let initialSize: Int64
    let kind: FileStatus.Kind
    private let path: RelativePath
    private let pool: BlockingPool
    /// Held by a thread while it writes: a call that was given up may still be under way when the next one comes.
    private let file: Mutex<OwnedDescriptor>

    init(_ name: [UInt8], in directory: CInt, path: RelativePath, pool: BlockingPool) throws(Errno) {
        // Opening a pipe waits for its other end: O_NONBLOCK, which means nothing to a regular file.
        let opened = try SystemCalls.open(
            name, in: directory, .writeOnly, options: [.create, .append, .noFollow, .nonBlocking],
            permissions: FilePermissions(rawValue: 0o644))
        let status = try SystemCalls.status(of: opened.number)
        (initialSize, kind) = (status.size, status.kind)
        file = Mutex(opened)
        self.path = path
        self.pool = pool
    }

    nonisolated(nonsending) func append(_ bytes: [UInt8]) async throws(FileError) {
        try await pool.file(.write, path) { [self] () throws(Errno) in
            try file.withLock { file throws(Errno) in
                var written = 0
                while written < bytes.count {
                    let rest = unsafe bytes.span.bytes.extracting(droppingFirst: written)
                    written += try SystemCalls.write(file.number, rest)
                }
            }
        }
    }
}
