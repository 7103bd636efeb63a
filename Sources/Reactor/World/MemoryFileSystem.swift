// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization

/// Files in memory: a simulation's, and a test's. It has no links, no rights and no end of space; a call never waits.
public final class MemoryFileSystem: FileSystem {
    private let tree: Mutex<MemoryTree>
    private let wallClock: @Sendable () -> Duration

    /// A file system with these files, and the directories on the way to them.
    ///
    /// - Parameters:
    ///   - files: bytes by path; a path of directories where a file stands already is left out.
    ///   - wallClock: what date it is.
    public init(
        _ files: [String: [UInt8]] = [:], wallClock: @escaping @Sendable () -> Duration = { .zero }
    ) {
        self.wallClock = wallClock
        var tree = MemoryTree(created: wallClock())
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            tree.plant(bytes, at: RelativePath(path).components, modified: wallClock())
        }
        self.tree = Mutex(tree)
    }

    /// Opens a directory by its path from the root, with or without the first slash.
    ///
    /// - Throws: `.notFound`, `.notDirectory`.
    public nonisolated(nonsending) func openDirectory(at path: String) async throws(FileError) -> any Directory {
        let below = RelativePath(bytes: path.utf8.drop { $0 == UInt8(ascii: "/") })
        return try await MemoryDirectory(MemoryTree.root, of: self).openDirectory(below.bytes.isEmpty ? "." : below)
    }

    fileprivate func perform<Answer: Sendable>(
        _ operation: FileError.Operation, _ path: RelativePath,
        _ body: (inout MemoryTree, Duration) throws(FileError.Reason.Thrown) -> Answer
    ) throws(FileError) -> Answer {
        let now = wallClock()
        do throws(FileError.Reason.Thrown) {
            return try tree.withLock { tree throws(FileError.Reason.Thrown) in try body(&tree, now) }
        } catch {
            throw FileError(operation, path, error.reason)
        }
    }
}

extension FileError.Reason {
    /// A reason on its way to where operation and path are known.
    fileprivate struct Thrown: Error {
        let reason: FileError.Reason
        init(_ reason: FileError.Reason) { self.reason = reason }
    }
}

/// Files and directories by number, as a disk has them.
private struct MemoryTree: Sendable {
    typealias Thrown = FileError.Reason.Thrown
    static let root: UInt64 = 1

    enum Content: Sendable {
        case file([UInt8])
        case directory([[UInt8]: UInt64])
    }

    struct Node: Sendable {
        var content: Content
        var permissions: FilePermissions
        var modified: Duration
    }

    private var nodes: [UInt64: Node]
    private var last = Self.root

    init(created: Duration) {
        nodes = [Self.root: Node(content: .directory([:]), permissions: .directories, modified: created)]
    }

    func node(_ number: UInt64) throws(Thrown) -> Node {
        guard let node = nodes[number] else { throw Thrown(.notFound) }
        return node
    }

    func entries(_ directory: UInt64) throws(Thrown) -> [[UInt8]: UInt64] {
        guard case .directory(let entries) = try node(directory).content else { throw Thrown(.notDirectory) }
        return entries
    }

    /// Follows a path, which may go up again as far as it went down.
    func number(at path: RelativePath, from start: UInt64) throws(Thrown) -> UInt64 {
        if path.bytes.isEmpty { throw Thrown(.notFound) }
        if path.bytes.contains(0) { throw Thrown(.invalid("no name holds a NUL")) }
        if path.bytes.first == UInt8(ascii: "/") { throw Thrown(.escapes) }
        var way = [start]
        for name in path.components {
            let entries = try entries(way.last ?? start)
            if name == RelativePath.dotDot {
                way.removeLast()
                if way.isEmpty { throw Thrown(.escapes) }
            } else {
                guard let next = entries[name] else { throw Thrown(.notFound) }
                way.append(next)
            }
        }
        let number = way.last ?? start
        if path.bytes.last == UInt8(ascii: "/") { _ = try entries(number) }
        return number
    }

    func status(_ number: UInt64) throws(Thrown) -> FileStatus {
        let node = try node(number)
        switch node.content {
        case .file(let bytes):
            return FileStatus(
                kind: .regular, permissions: node.permissions, size: Int64(bytes.count), inode: number,
                modified: node.modified)
        case .directory(let entries):
            return FileStatus(
                kind: .directory, permissions: node.permissions, size: Int64(entries.count), inode: number,
                modified: node.modified)
        }
    }

    /// Gives a new node a name in a directory.
    mutating func add(_ node: Node, as name: [UInt8], in directory: UInt64, replacing: Bool) throws(Thrown) {
        var entries = try entries(directory)
        if let known = entries[name] {
            if !replacing { throw Thrown(.exists) }
            if case .directory = try self.node(known).content { throw Thrown(.isDirectory) }
            nodes[known] = nil
        }
        last += 1
        nodes[last] = node
        entries[name] = last
        change(directory, to: entries, at: node.modified)
    }

    /// Writes at a file's end.
    mutating func append(_ bytes: [UInt8], to number: UInt64, at now: Duration) throws(Thrown) {
        guard case .file(var content) = try node(number).content else { throw Thrown(.isDirectory) }
        // Its one owner for the moment, so that it grows in place.
        nodes[number]?.content = .file([])
        content.append(contentsOf: bytes)
        nodes[number]?.content = .file(content)
        nodes[number]?.modified = now
    }

    /// Brings a name's file to another name.
    mutating func rename(
        _ name: [UInt8], in directory: UInt64, to newName: [UInt8], in newDirectory: UInt64, replacing: Bool,
        at now: Duration
    ) throws(Thrown) {
        guard let number = try entries(directory)[name] else { throw Thrown(.notFound) }
        if let known = try entries(newDirectory)[newName] {
            if !replacing { throw Thrown(.exists) }
            if known == number { return }
            try remove(newName, from: newDirectory, at: now)
        }
        var entries = try entries(directory)
        entries[name] = nil
        change(directory, to: entries, at: now)
        var newEntries = try self.entries(newDirectory)
        newEntries[newName] = number
        change(newDirectory, to: newEntries, at: now)
    }

    mutating func remove(_ name: [UInt8], from directory: UInt64, at now: Duration) throws(Thrown) {
        var entries = try entries(directory)
        guard let number = entries.removeValue(forKey: name) else { throw Thrown(.notFound) }
        if case .directory(let content) = try node(number).content, !content.isEmpty { throw Thrown(.notEmpty) }
        nodes[number] = nil
        change(directory, to: entries, at: now)
    }

    /// Puts a file where it belongs, and makes the directories that it needs.
    mutating func plant(_ bytes: [UInt8], at names: [[UInt8]], modified: Duration) {
        var directory = Self.root
        for name in names.dropLast() {
            let new = Node(content: .directory([:]), permissions: .directories, modified: modified)
            try? add(new, as: name, in: directory, replacing: false)
            guard let next = try? entries(directory)[name] else { return }
            directory = next
        }
        guard let name = names.last else { return }
        let new = Node(content: .file(bytes), permissions: .files, modified: modified)
        try? add(new, as: name, in: directory, replacing: true)
    }

    private mutating func change(_ directory: UInt64, to entries: [[UInt8]: UInt64], at now: Duration) {
        nodes[directory]?.content = .directory(entries)
        nodes[directory]?.modified = now
    }
}

extension FilePermissions {
    fileprivate static let directories = FilePermissions(rawValue: 0o755)
    fileprivate static let files = FilePermissions(rawValue: 0o644)
}

private final class MemoryDirectory: Directory {
    private let number: UInt64
    private let system: MemoryFileSystem

    init(_ number: UInt64, of system: MemoryFileSystem) {
        self.number = number
        self.system = system
    }

    nonisolated(nonsending) func openDirectory(_ path: RelativePath) async throws(FileError) -> any Directory {
        let found = try system.perform(.open, path) { tree, _ throws(FileError.Reason.Thrown) in
            let found = try tree.number(at: path, from: number)
            _ = try tree.entries(found)
            return found
        }
        return MemoryDirectory(found, of: system)
    }

    nonisolated(nonsending) func open(_ path: RelativePath) async throws(FileError) -> any ReadableFile {
        let (bytes, status) = try system.perform(.open, path) { tree, _ throws(FileError.Reason.Thrown) in
            let found = try tree.number(at: path, from: number)
            guard case .file(let bytes) = try tree.node(found).content else { throw .init(.isDirectory) }
            return (bytes, try tree.status(found))
        }
        return MemoryFile(bytes, path: path, status: status)
    }

    nonisolated(nonsending) func status(of path: RelativePath) async throws(FileError) -> FileStatus {
        try system.perform(.status, path) { tree, _ throws(FileError.Reason.Thrown) in
            try tree.status(try tree.number(at: path, from: number))
        }
    }

    nonisolated(nonsending) func list(
        _ path: RelativePath, maximum: Int
    ) async throws(FileError) -> DirectoryListing {
        try system.perform(.list, path) { tree, _ throws(FileError.Reason.Thrown) in
            let names = try tree.entries(try tree.number(at: path, from: number))
            let all = names.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            var entries: [DirectoryEntry] = []
            for (name, file) in all.prefix(max(0, maximum)) {
                entries.append(DirectoryEntry(bytes: name, kind: try tree.status(file).kind))
            }
            return DirectoryListing(entries: entries, isComplete: entries.count == all.count)
        }
    }

    nonisolated(nonsending) func create(
        _ path: RelativePath, permissions: FilePermissions
    ) async throws(FileError) -> any PendingFile {
        let (parent, name) = try path.split(for: .create)
        let directory = try system.perform(.create, path) { tree, _ throws(FileError.Reason.Thrown) in
            let directory = try tree.number(at: parent, from: number)
            _ = try tree.entries(directory)
            return directory
        }
        return PendingMemoryFile(path) { [system] bytes, replacing throws(FileError) in
            try system.perform(.commit, path) { tree, now throws(FileError.Reason.Thrown) in
                let node = MemoryTree.Node(content: .file(bytes), permissions: permissions, modified: now)
                try tree.add(node, as: name, in: directory, replacing: replacing)
            }
        }
    }

    nonisolated(nonsending) func grow(_ path: RelativePath) async throws(FileError) -> any GrowingFile {
        let (parent, name) = try path.split(for: .write)
        let (file, size) = try system.perform(.write, path) { tree, now throws(FileError.Reason.Thrown) in
            let directory = try tree.number(at: parent, from: number)
            if try tree.entries(directory)[name] == nil {
                let node = MemoryTree.Node(content: .file([]), permissions: .files, modified: now)
                try tree.add(node, as: name, in: directory, replacing: false)
            }
            guard let file = try tree.entries(directory)[name] else { throw .init(.notFound) }
            guard case .file(let bytes) = try tree.node(file).content else { throw .init(.isDirectory) }
            return (file, Int64(bytes.count))
        }
        return GrowingMemoryFile(initialSize: size) { [system] bytes throws(FileError) in
            try system.perform(.write, path) { tree, now throws(FileError.Reason.Thrown) in
                try tree.append(bytes, to: file, at: now)
            }
        }
    }

    nonisolated(nonsending) func rename(
        _ path: RelativePath, to newPath: RelativePath, replacing: Bool
    ) async throws(FileError) {
        let ((parent, name), (newParent, newName)) = (try path.split(for: .rename), try newPath.split(for: .rename))
        try system.perform(.rename, path) { tree, now throws(FileError.Reason.Thrown) in
            let (old, new) = (try tree.number(at: parent, from: number), try tree.number(at: newParent, from: number))
            try tree.rename(name, in: old, to: newName, in: new, replacing: replacing, at: now)
        }
    }

    nonisolated(nonsending) func makeDirectory(_ path: RelativePath) async throws(FileError) {
        let (parent, name) = try path.split(for: .makeDirectory)
        try system.perform(.makeDirectory, path) { tree, now throws(FileError.Reason.Thrown) in
            let node = MemoryTree.Node(content: .directory([:]), permissions: .directories, modified: now)
            try tree.add(node, as: name, in: try tree.number(at: parent, from: number), replacing: false)
        }
    }

    nonisolated(nonsending) func remove(_ path: RelativePath) async throws(FileError) {
        let (parent, name) = try path.split(for: .remove)
        try system.perform(.remove, path) { tree, now throws(FileError.Reason.Thrown) in
            try tree.remove(name, from: try tree.number(at: parent, from: number), at: now)
        }
    }
}

/// A file as it was when it was opened: committing another one under its name does not change it.
private final class MemoryFile: ReadableFile {
    let path: RelativePath
    let status: FileStatus
    private let bytes: [UInt8]

    init(_ bytes: [UInt8], path: RelativePath, status: FileStatus) {
        self.bytes = bytes
        self.path = path
        self.status = status
    }

    var descriptor: FileDescriptor? { nil }

    func readNow(into output: inout OutputRawSpan, at offset: Int64) throws(FileError) -> TransferAttempt {
        guard offset < Int64(bytes.count) else { return .ended }
        let piece = bytes[Int(offset)...].prefix(output.freeCapacity)
        for byte in piece { unsafe output.append(byte, as: UInt8.self) }
        return .moved(piece.count)
    }

    nonisolated(nonsending) func readSlowly(
        upTo maximum: Int, at offset: Int64
    ) async throws(FileError) -> [UInt8]? {
        offset < Int64(bytes.count) ? Array(bytes[Int(offset)...].prefix(maximum)) : nil
    }
}

private final class PendingMemoryFile: PendingFile {
    typealias Commit = @Sendable (_ bytes: [UInt8], _ replacing: Bool) throws(FileError) -> Void

    private let path: RelativePath
    private let addToTree: Commit
    /// Nil once it was committed or discarded.
    private let bytes = Mutex<[UInt8]?>([])

    init(_ path: RelativePath, commit: @escaping Commit) {
        self.path = path
        addToTree = commit
    }

    nonisolated(nonsending) func append(_ new: [UInt8]) async throws(FileError) {
        try bytes.withLock { bytes throws(FileError) in
            if bytes == nil { throw FileError(.write, path, .closed) }
            bytes?.append(contentsOf: new)
        }
    }

    nonisolated(nonsending) func commit(replacing: Bool, durably: Bool) async throws(FileError) {
        try bytes.withLock { bytes throws(FileError) in
            guard let written = bytes else { throw FileError(.commit, path, .closed) }
            try addToTree(written, replacing)
            bytes = nil
        }
    }

    func discard() { bytes.withLock { $0 = nil } }
}

private final class GrowingMemoryFile: GrowingFile {
    let initialSize: Int64
    private let write: @Sendable ([UInt8]) throws(FileError) -> Void

    init(initialSize: Int64, write: @escaping @Sendable ([UInt8]) throws(FileError) -> Void) {
        self.initialSize = initialSize
        self.write = write
    }

    nonisolated(nonsending) func append(_ bytes: [UInt8]) async throws(FileError) { try write(bytes) }
}
