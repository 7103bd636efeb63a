// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// A file under a temporary name in the directory that it will be in, so that a rename brings it to its own at one
/// stroke. (A file without any name could only be linked to one that is free.)
///
/// The lock is held by threads of the pool while they write: a call that was given up may still be under way when the
/// next one comes.
final class PendingSystemFile: PendingFile {
    private let path: RelativePath
    private let name: [UInt8]
    private let temporaryName: [UInt8]
    private let directory: OwnedDescriptor
    private let pool: BlockingPool
    /// Nil once it was committed or discarded.
    private let file: Mutex<OwnedDescriptor?>
    /// A write was given up or failed: nobody knows what is in the file.
    private let isInDoubt = Flag()

    init(
        _ name: [UInt8], in directory: consuming OwnedDescriptor, path: RelativePath, permissions: FilePermissions,
        pool: BlockingPool
    ) throws(Errno) {
        var temporaryName: [UInt8] = []
        file = Mutex(try Self.open(in: directory.number, permissions, &temporaryName))
        self.temporaryName = temporaryName
        self.directory = directory
        self.path = path
        self.name = name
        self.pool = pool
    }

    deinit { discard() }

    /// Hidden, and of a length that every file system has room for, however long the real name is.
    private static func open(
        in directory: CInt, _ permissions: FilePermissions, _ name: inout [UInt8]
    ) throws(Errno) -> OwnedDescriptor {
        var randomness = Randomness.system
        for _ in 0..<10 {
            name = Array(".new-\(String(randomness.next(), radix: 36))".utf8)
            do throws(Errno) {
                return try SystemCalls.open(
                    name, in: directory, .writeOnly, options: [.create, .exclusiveCreate], permissions: permissions)
            } catch {
                if error != .fileExists { throw error }
            }
        }
        throw .fileExists
    }

    nonisolated(nonsending) func append(_ bytes: [UInt8]) async throws(FileError) {
        do throws(FileError) {
            try await perform(.write) { file throws(Errno) in
                var written = 0
                while written < bytes.count {
                    let rest = unsafe bytes.span.bytes.extracting(droppingFirst: written)
                    written += try SystemCalls.write(file, rest)
                }
            }
        } catch {
            isInDoubt.set()
            throw error
        }
    }

    nonisolated(nonsending) func commit(replacing: Bool, durably: Bool) async throws(FileError) {
        try await perform(.commit, isLast: true) { [self] file throws(Errno) in
            if durably { try SystemCalls.synchronize(file) }
            try SystemCalls.rename(
                temporaryName, in: directory.number, to: name, in: directory.number, replacing: replacing)
            // The name too has to outlive a loss of power.
            if durably { try SystemCalls.synchronize(directory.number) }
        }
    }

    func discard() {
        if file.withLockIfAvailable({ letGo(&$0) }) != nil { return }
        // Some thread is writing: the loop does not wait for it.
        _ = try? pool.submit { [self] in file.withLock { letGo(&$0) } }
    }

    private func letGo(_ file: inout sending OwnedDescriptor?) {
        if file == nil { return }
        file = nil
        try? SystemCalls.unlink(temporaryName, in: directory.number)
    }

    /// Does something to the file on a thread, unless it is over or in doubt.
    private nonisolated(nonsending) func perform(
        _ operation: FileError.Operation, isLast: Bool = false,
        _ work: @escaping @Sendable (CInt) throws(Errno) -> Void
    ) async throws(FileError) {
        let result: Result<Void, FileError>
        do throws(SocketError) {
            result = try await pool.outcome { [self] in
                Result { () throws(FileError) in try performNow(operation, isLast, work) }
            }
        } catch {
            throw FileError(operation, path, pool: error)
        }
        try result.get()
    }

    private func performNow(
        _ operation: FileError.Operation, _ isLast: Bool, _ work: (CInt) throws(Errno) -> Void
    ) throws(FileError) {
        try file.withLock { file throws(FileError) in
            guard let number = file?.number else { throw FileError(operation, path, .closed) }
            if isInDoubt.isSet {
                throw FileError(operation, path, .invalid("an earlier write did not come to its end"))
            }
            do throws(Errno) { try work(number) } catch { throw FileError(operation, path, error: error) }
            if isLast { file = nil }
        }
    }
}
