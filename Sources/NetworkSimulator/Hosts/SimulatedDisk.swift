// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A host's files in memory, behind a disk that takes its time.
struct SimulatedDisk: FileSystem {
    private let files: MemoryFileSystem
    private let node: Node

    init(_ files: MemoryFileSystem, of node: Node) {
        self.files = files
        self.node = node
    }

    nonisolated(nonsending) func openDirectory(at path: String) async throws(FileError) -> any Directory {
        try await node.disk(.open, RelativePath(path))
        return SlowDirectory(try await files.openDirectory(at: path), of: node)
    }
}

extension Node {
    /// Waits for the disk.
    fileprivate nonisolated(nonsending) func disk(
        _ operation: FileError.Operation, _ path: RelativePath
    ) async throws(FileError) {
        guard diskDelay > .zero, let loop = EventLoop.running else { return }
        do throws(SocketError) { try await loop.sleep(for: diskDelay) } catch {
            throw FileError(operation, path, error.reason == .timedOut ? .timedOut : .cancelled)
        }
    }
}

private final class SlowDirectory: Directory {
    private let directory: any Directory
    private let node: Node

    init(_ directory: any Directory, of node: Node) {
        self.directory = directory
        self.node = node
    }

    nonisolated(nonsending) func openDirectory(_ path: RelativePath) async throws(FileError) -> any Directory {
        try await node.disk(.open, path)
        return SlowDirectory(try await directory.openDirectory(path), of: node)
    }

    nonisolated(nonsending) func open(_ path: RelativePath) async throws(FileError) -> any ReadableFile {
        try await node.disk(.open, path)
        return SlowFile(try await directory.open(path), of: node)
    }

    nonisolated(nonsending) func status(of path: RelativePath) async throws(FileError) -> FileStatus {
        try await node.disk(.status, path)
        return try await directory.status(of: path)
    }

    nonisolated(nonsending) func list(_ path: RelativePath, maximum: Int) async throws(FileError) -> DirectoryListing {
        try await node.disk(.list, path)
        return try await directory.list(path, maximum: maximum)
    }

    nonisolated(nonsending) func create(
        _ path: RelativePath, permissions: FilePermissions
    ) async throws(FileError) -> any PendingFile {
        try await node.disk(.create, path)
        return SlowPendingFile(try await directory.create(path, permissions: permissions), at: path, of: node)
    }

    nonisolated(nonsending) func grow(_ path: RelativePath) async throws(FileError) -> any GrowingFile {
        try await node.disk(.open, path)
        return SlowGrowingFile(try await directory.grow(path), at: path, of: node)
    }

    nonisolated(nonsending) func rename(
        _ path: RelativePath, to newPath: RelativePath, replacing: Bool
    ) async throws(FileError) {
        try await node.disk(.rename, path)
        try await directory.rename(path, to: newPath, replacing: replacing)
    }

    nonisolated(nonsending) func makeDirectory(_ path: RelativePath) async throws(FileError) {
        try await node.disk(.makeDirectory, path)
        try await directory.makeDirectory(path)
    }

    nonisolated(nonsending) func remove(_ path: RelativePath) async throws(FileError) {
        try await node.disk(.remove, path)
        try await directory.remove(path)
    }
}

private final class SlowFile: ReadableFile {
    private let file: any ReadableFile
    private let node: Node

    init(_ file: any ReadableFile, of node: Node) {
        self.file = file
        self.node = node
    }

    var path: RelativePath { file.path }
    var status: FileStatus { file.status }
    var descriptor: FileDescriptor? { nil }

    func readNow(into output: inout OutputRawSpan, at offset: Int64) throws(FileError) -> TransferAttempt {
        node.diskDelay > .zero ? .wouldBlock : try file.readNow(into: &output, at: offset)
    }

    nonisolated(nonsending) func readSlowly(upTo maximum: Int, at offset: Int64) async throws(FileError) -> [UInt8]? {
        try await node.disk(.read, path)
        return try await file.readSlowly(upTo: maximum, at: offset)
    }
}

private final class SlowPendingFile: PendingFile {
    private let file: any PendingFile
    private let path: RelativePath
    private let node: Node
    /// That of the host in which it was begun: what was not committed by its end is lost.
    private let life: Int

    init(_ file: any PendingFile, at path: RelativePath, of node: Node) {
        self.file = file
        self.path = path
        self.node = node
        life = node.life
    }

    nonisolated(nonsending) func append(_ bytes: [UInt8]) async throws(FileError) {
        try await node.disk(.write, path)
        try await file.append(bytes)
    }

    nonisolated(nonsending) func commit(replacing: Bool, durably: Bool) async throws(FileError) {
        try await node.disk(.commit, path)
        if life != node.life { throw FileError(.commit, path, .cancelled) }
        try await file.commit(replacing: replacing, durably: durably)
    }

    func discard() { file.discard() }
}

/// What it has got before a crash stays: nothing has to be committed.
private final class SlowGrowingFile: GrowingFile {
    private let file: any GrowingFile
    private let path: RelativePath
    private let node: Node

    init(_ file: any GrowingFile, at path: RelativePath, of node: Node) {
        self.file = file
        self.path = path
        self.node = node
    }

    var initialSize: Int64 { file.initialSize }

    nonisolated(nonsending) func append(_ bytes: [UInt8]) async throws(FileError) {
        try await node.disk(.write, path)
        try await file.append(bytes)
    }
}
