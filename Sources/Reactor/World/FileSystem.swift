// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// The files of a world. Everything is reached from a directory that was opened, and stays below it.
///
/// ```swift
/// let site = try await loop.world.files.openDirectory("/srv/site")
/// let page = try await site.open("index.html")
/// let start = try await page.read(upTo: 1000, at: 0)
/// ```
/// No call holds the loop that it waits on: what the system would have to fetch from a disk is done by the world's
/// ``World/blocking`` pool. Every call honours deadline and cancellation: the wait ends, and what was under way may
/// still be done.
public protocol FileSystem: Sendable {
    /// Opens a directory by its path in the system: absolute, or below the directory that the process is in. Links are
    /// followed wherever they lead, since the path is the program's own.
    ///
    /// - Throws: `.notFound`, `.notDirectory`, `.permissionDenied`, …
    nonisolated(nonsending) func openDirectory(at path: String) async throws(FileError) -> any Directory
}

/// An open directory: every path is below it, and none leads out, neither by `..` nor by a link (`.escapes`).
public protocol Directory: AnyObject, Sendable {
    /// Opens a directory below.
    ///
    /// - Throws: `.notFound`, `.notDirectory`, `.escapes`, `.permissionDenied`, …
    nonisolated(nonsending) func openDirectory(_ path: RelativePath) async throws(FileError) -> any Directory

    /// Opens a regular file to read it.
    ///
    /// - Throws: `.notFound`, `.isDirectory`, `.notRegular`, `.escapes`, `.permissionDenied`, …
    nonisolated(nonsending) func open(_ path: RelativePath) async throws(FileError) -> any ReadableFile

    /// What is known about a file. Links are followed where they stay below.
    ///
    /// - Throws: `.notFound`, `.escapes`, `.permissionDenied`, …
    nonisolated(nonsending) func status(of path: RelativePath) async throws(FileError) -> FileStatus

    /// The names in a directory, in the order of their bytes, without `.` and `..`.
    ///
    /// - Parameter maximum: no more than these are read, 0 or more.
    /// - Throws: `.notFound`, `.notDirectory`, `.escapes`, `.permissionDenied`, …
    nonisolated(nonsending) func list(
        _ path: RelativePath, maximum: Int
    ) async throws(FileError) -> DirectoryListing

    /// Begins a file. Nobody sees it before it is committed.
    ///
    /// - Parameter permissions: what it gets, less what the process's mask takes away.
    /// - Throws: `.notFound` for its directory, `.escapes`, `.permissionDenied`, `.noSpace`, …
    nonisolated(nonsending) func create(
        _ path: RelativePath, permissions: FilePermissions
    ) async throws(FileError) -> any PendingFile

    /// Opens a file to write on behind what it has; one that is missing is made. What was begun can so go on another
    /// day, and everybody sees how far it is. The last name may be no link.
    ///
    /// - Throws: `.notFound` for its directory, `.escapes`, `.isDirectory`, `.notRegular`, `.permissionDenied`, …
    nonisolated(nonsending) func grow(_ path: RelativePath) async throws(FileError) -> any GrowingFile

    /// Gives a file another name, at one stroke.
    ///
    /// - Parameter replacing: whether a file of the new name makes way; else that is `.exists`.
    /// - Throws: `.notFound`, `.exists`, `.escapes`, …
    nonisolated(nonsending) func rename(
        _ path: RelativePath, to newPath: RelativePath, replacing: Bool
    ) async throws(FileError)

    /// Makes a directory.
    ///
    /// - Throws: `.exists`, `.notFound` for the one that it would be in, `.escapes`, …
    nonisolated(nonsending) func makeDirectory(_ path: RelativePath) async throws(FileError)

    /// Removes a file's name, or an empty directory. A link goes, and not what it leads to.
    ///
    /// - Throws: `.notFound`, `.notEmpty`, `.escapes`, …
    nonisolated(nonsending) func remove(_ path: RelativePath) async throws(FileError)
}

/// An open file. It is closed when nobody holds it any more.
public protocol ReadableFile: AnyObject, Sendable {
    /// Its path, as it was given.
    var path: RelativePath { get }

    /// What was known about it when it was opened: its size, its modification time.
    var status: FileStatus { get }

    /// For `sendfile(2)`; nil where there is none. It is valid as long as the file is held.
    var descriptor: FileDescriptor? { get }

    /// Reads what the system has in memory, and never waits for a disk.
    ///
    /// - Parameter offset: 0 or more.
    /// - Returns: `.ended` at the end of the file, `.wouldBlock` where a disk is needed.
    func readNow(into output: inout OutputRawSpan, at offset: Int64) throws(FileError) -> TransferAttempt

    /// Reads where ``readNow(into:at:)`` would have to wait.
    nonisolated(nonsending) func readSlowly(upTo maximum: Int, at offset: Int64) async throws(FileError) -> [UInt8]?
}

/// A file that is being written, under no name or a temporary one, until it is committed. It is discarded when nobody
/// holds it any more. One call at a time.
public protocol PendingFile: AnyObject, Sendable {
    /// Writes all of these at the end.
    ///
    /// - Throws: `.noSpace`, `.closed`, …; then what was written is in doubt and can only be discarded.
    nonisolated(nonsending) func append(_ bytes: [UInt8]) async throws(FileError)

    /// Gives it its name, at one stroke: whoever sees the name sees all of the file.
    ///
    /// - Parameters:
    ///   - replacing: whether a file of that name makes way; else that is `.exists`.
    ///   - durably: whether to wait until it would outlive a loss of power.
    /// - Throws: `.exists`, `.isDirectory`, `.closed`, …
    nonisolated(nonsending) func commit(replacing: Bool, durably: Bool) async throws(FileError)

    /// Throws it away, unless it was committed.
    func discard()
}

/// A file that grows at its end, under its own name. It is closed when nobody holds it any more. One call at a time.
public protocol GrowingFile: AnyObject, Sendable {
    /// How many bytes it had when it was opened.
    var initialSize: Int64 { get }

    /// Writes all of these at the end.
    ///
    /// - Throws: `.noSpace`, `.cancelled`, `.timedOut`, …; then some of them, from the first one on, may be there, or
    ///   may yet come.
    nonisolated(nonsending) func append(_ bytes: [UInt8]) async throws(FileError)
}

/// What is in a directory.
public struct DirectoryListing: Hashable, Sendable {
    /// The entries, in the order of their names' bytes.
    public let entries: [DirectoryEntry]
    /// Whether these are all.
    public let isComplete: Bool

    /// A listing.
    public init(entries: [DirectoryEntry], isComplete: Bool) {
        self.entries = entries.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        self.isComplete = isComplete
    }
}

extension ReadableFile {
    /// Reads into the caller's memory, behind what is there; at once where no disk is needed.
    ///
    /// - Parameter offset: 0 or more.
    /// - Returns: how many bytes, at least 1 and perhaps fewer than there is room; nil at the end of the file.
    /// - Throws: `.invalid` where there is no room or the offset is negative, `.cancelled`, `.timedOut`, …
    public nonisolated(nonsending) func read(
        into output: inout OutputRawSpan, at offset: Int64
    ) async throws(FileError) -> Int? {
        try check(output.freeCapacity, offset)
        switch try readNow(into: &output, at: offset) {
        case .moved(let count): return count
        case .ended: return nil
        case .wouldBlock: break
        }
        guard let bytes = try await readSlowly(upTo: min(output.freeCapacity, 1 << 20), at: offset) else { return nil }
        for byte in bytes { unsafe output.append(byte, as: UInt8.self) }
        return bytes.count
    }

    /// Reads into an array of its own; at once where no disk is needed.
    ///
    /// - Parameters:
    ///   - maximum: at least 1; no more than a mebibyte is read at a time.
    ///   - offset: 0 or more.
    /// - Returns: at least 1 byte; nil at the end of the file.
    /// - Throws: as ``read(into:at:)``.
    public nonisolated(nonsending) func read(
        upTo maximum: Int, at offset: Int64
    ) async throws(FileError) -> [UInt8]? {
        try check(maximum, offset)
        let maximum = min(maximum, 1 << 20)
        var attempt = TransferAttempt.wouldBlock
        let bytes = try [UInt8].filled(capacity: maximum) { output throws(FileError) in
            attempt = try readNow(into: &output, at: offset)
        }
        switch attempt {
        case .moved: return bytes
        case .ended: return nil
        case .wouldBlock: return try await readSlowly(upTo: maximum, at: offset)
        }
    }

    private func check(_ room: Int, _ offset: Int64) throws(FileError) {
        if room < 1 { throw FileError(.read, path, .invalid("at most \(room) bytes can't be read")) }
        if offset < 0 { throw FileError(.read, path, .invalid("nothing is \(-Double(offset)) bytes before the start")) }
    }
}

extension Directory {
    /// Writes a file as a whole: whoever sees it sees all of it.
    ///
    /// - Parameters:
    ///   - replacing: whether a file of that name makes way; else that is `.exists`.
    ///   - durably: whether to wait until it would outlive a loss of power.
    /// - Throws: `.exists`, `.notFound` for its directory, `.escapes`, `.noSpace`, …; then no file is left.
    public nonisolated(nonsending) func write(
        _ bytes: [UInt8], to path: RelativePath, replacing: Bool = true, durably: Bool = false
    ) async throws(FileError) {
        let file = try await create(path)
        defer { file.discard() }
        try await file.append(bytes)
        try await file.commit(replacing: replacing, durably: durably)
    }

    /// Begins a file that its owner may write and everybody read, as far as the process's mask allows.
    ///
    /// - Throws: as ``create(_:permissions:)``.
    public nonisolated(nonsending) func create(_ path: RelativePath) async throws(FileError) -> any PendingFile {
        try await create(path, permissions: FilePermissions(rawValue: 0o644))
    }
}
