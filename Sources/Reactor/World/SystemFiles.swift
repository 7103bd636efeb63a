// SPDX-License-Identifier: Apache-2.0
//
// Facts:    what the system has in memory it gives without waiting, and says so when it has not: openat2 with
//           RESOLVE_CACHED, preadv2 with RWF_NOWAIT. Everything else may wait for a disk, or for a network.
// Decision: opening, status and reading try that first, on the loop; what would wait goes to the pool. Changes always
//           go to the pool.
// Cost:     where the system is too old to tell, every call costs a hop to a thread.
// Hazard:   opening a pipe waits for its other end: O_NONBLOCK, which means nothing to a regular file.
import Sockets

/// This machine's files.
struct SystemFiles: FileSystem {
    let pool: BlockingPool

    nonisolated(nonsending) func openDirectory(at path: String) async throws(FileError) -> any Directory {
        let name = RelativePath(path)
        return try await pool.file(.open, name) { [pool] () throws(Errno) in
            let descriptor = try SystemCalls.open(
                name.bytes, in: SystemCalls.currentDirectory, .readOnly, options: .directory)
            return SystemDirectory(descriptor, pool: pool)
        }
    }
}

extension BlockingPool {
    /// Does something to a file on a thread.
    nonisolated(nonsending) func file<Answer: Sendable>(
        _ operation: FileError.Operation, _ path: RelativePath,
        _ work: @escaping @Sendable () throws(Errno) -> Answer
    ) async throws(FileError) -> Answer {
        let result: Result<Answer, Errno>
        do throws(SocketError) {
            result = try await outcome { Result { () throws(Errno) in try work() } }
        } catch {
            throw FileError(operation, path, pool: error)
        }
        do throws(Errno) { return try result.get() } catch { throw FileError(operation, path, error: error) }
    }
}

final class SystemDirectory: Directory {
    private let descriptor: OwnedDescriptor
    private let pool: BlockingPool

    init(_ descriptor: consuming OwnedDescriptor, pool: BlockingPool) {
        self.descriptor = descriptor
        self.pool = pool
    }

    nonisolated(nonsending) func openDirectory(_ path: RelativePath) async throws(FileError) -> any Directory {
        try await pool.file(.open, path) { [self] () throws(Errno) in
            let directory = try SystemCalls.openBeneath(
                descriptor.number, path.bytes, .readOnly, options: .directory)
            return SystemDirectory(directory, pool: pool)
        }
    }

    nonisolated(nonsending) func open(_ path: RelativePath) async throws(FileError) -> any ReadableFile {
        let file: SystemFile
        if let known = try openNow(path) {
            file = known
        } else {
            file = try await pool.file(.open, path) { [self] () throws(Errno) in
                let opened = try SystemCalls.openBeneath(
                    descriptor.number, path.bytes, .readOnly, options: .nonBlocking)
                return try SystemFile(opened, path: path, pool: pool)
            }
        }
        switch file.status.kind {
        case .regular: return file
        case .directory: throw FileError(.open, path, .isDirectory)
        default: throw FileError(.open, path, .notRegular)
        }
    }

    private func openNow(_ path: RelativePath) throws(FileError) -> SystemFile? {
        do throws(Errno) {
            let opened = try SystemCalls.openCachedBeneath(
                descriptor.number, path.bytes, .readOnly, options: .nonBlocking)
            guard let opened else { return nil }
            return try SystemFile(opened, path: path, pool: pool)
        } catch {
            throw FileError(.open, path, error: error)
        }
    }

    nonisolated(nonsending) func status(of path: RelativePath) async throws(FileError) -> FileStatus {
        do throws(Errno) {
            if let status = try SystemCalls.cachedStatusBeneath(descriptor.number, path.bytes) { return status }
        } catch {
            throw FileError(.status, path, error: error)
        }
        return try await pool.file(.status, path) { [self] () throws(Errno) in
            try SystemCalls.statusBeneath(descriptor.number, path.bytes)
        }
    }

    nonisolated(nonsending) func list(
        _ path: RelativePath, maximum: Int
    ) async throws(FileError) -> DirectoryListing {
        try await pool.file(.list, path) { [self] () throws(Errno) in
            let directory = try SystemCalls.openBeneath(
                descriptor.number, path.bytes, .readOnly, options: .directory)
            let (entries, isComplete) = try SystemCalls.entries(of: directory.number, maximum: max(0, maximum))
            return DirectoryListing(entries: entries, isComplete: isComplete)
        }
    }

    nonisolated(nonsending) func create(
        _ path: RelativePath, permissions: FilePermissions
    ) async throws(FileError) -> any PendingFile {
        let (parent, name) = try path.split(for: .create)
        return try await pool.file(.create, path) { [self] () throws(Errno) in
            try PendingSystemFile(
                name, in: try open(parent), path: path, permissions: permissions, pool: pool)
        }
    }

    nonisolated(nonsending) func grow(_ path: RelativePath) async throws(FileError) -> any GrowingFile {
        let (parent, name) = try path.split(for: .write)
        let opened = try await pool.file(.write, path) { [self] () throws(Errno) in
            let directory = try open(parent)
            return try GrowingSystemFile(name, in: directory.number, path: path, pool: pool)
        }
        guard opened.kind == .regular else { throw FileError(.write, path, .notRegular) }
        return opened
    }

    nonisolated(nonsending) func rename(
        _ path: RelativePath, to newPath: RelativePath, replacing: Bool
    ) async throws(FileError) {
        let ((parent, name), (newParent, newName)) = (try path.split(for: .rename), try newPath.split(for: .rename))
        try await pool.file(.rename, path) { [self] () throws(Errno) in
            let old = try open(parent)
            let new = try open(newParent)
            try SystemCalls.rename(name, in: old.number, to: newName, in: new.number, replacing: replacing)
        }
    }

    nonisolated(nonsending) func makeDirectory(_ path: RelativePath) async throws(FileError) {
        let (parent, name) = try path.split(for: .makeDirectory)
        try await pool.file(.makeDirectory, path) { [self] () throws(Errno) in
            let directory = try open(parent)
            try SystemCalls.makeDirectory(
                name, in: directory.number, permissions: FilePermissions(rawValue: 0o755))
        }
    }

    nonisolated(nonsending) func remove(_ path: RelativePath) async throws(FileError) {
        let (parent, name) = try path.split(for: .remove)
        try await pool.file(.remove, path) { [self] () throws(Errno) in
            let directory = try open(parent)
            do throws(Errno) { try SystemCalls.unlink(name, in: directory.number) } catch {
                // Linux says EISDIR; POSIX, and some file systems of others, EPERM.
                if error != .isDirectory && error != .notPermitted { throw error }
                try SystemCalls.removeDirectory(name, in: directory.number)
            }
        }
    }

    /// The directory that something is to be changed in.
    private func open(_ parent: RelativePath) throws(Errno) -> OwnedDescriptor {
        try SystemCalls.openBeneath(descriptor.number, parent.bytes, .readOnly, options: .directory)
    }
}

private final class SystemFile: ReadableFile {
    let path: RelativePath
    let status: FileStatus
    private let owned: OwnedDescriptor
    private let pool: BlockingPool

    init(_ descriptor: consuming OwnedDescriptor, path: RelativePath, pool: BlockingPool) throws(Errno) {
        status = try SystemCalls.status(of: descriptor.number)
        owned = descriptor
        self.path = path
        self.pool = pool
    }

    var descriptor: FileDescriptor? { FileDescriptor(rawValue: owned.number) }

    /// No file system has a file that large, and the system refuses to count on from there.
    private static let beyondEveryFile = Int64.max - (1 << 32)

    func readNow(into output: inout OutputRawSpan, at offset: Int64) throws(FileError) -> TransferAttempt {
        if offset > Self.beyondEveryFile { return .ended }
        do throws(Errno) {
            guard let count = try SystemCalls.readCached(owned.number, into: &output, at: offset) else {
                return .wouldBlock
            }
            return count == 0 ? .ended : .moved(count)
        } catch {
            throw FileError(.read, path, error: error)
        }
    }

    nonisolated(nonsending) func readSlowly(
        upTo maximum: Int, at offset: Int64
    ) async throws(FileError) -> [UInt8]? {
        // The thread reads into an array of its own: the caller may be gone by the time the disk answers.
        let bytes = try await pool.file(.read, path) { [self] () throws(Errno) in
            try [UInt8].filled(capacity: maximum) { output throws(Errno) in
                _ = try SystemCalls.read(owned.number, into: &output, at: offset)
            }
        }
        return bytes.isEmpty ? nil : bytes
    }
}
