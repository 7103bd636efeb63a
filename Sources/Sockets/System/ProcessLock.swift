// SPDX-License-Identifier: Apache-2.0
//
// Facts:    Twisted says whose a UNIX path is by a symbolic link beside it, `PATH.lock`, that leads to the number of
//           the owner's process. A link is made at one stroke, and not where there is one.
// Hazard:   the link of a dead process has to be removed first. Of two starters that have both seen it the second
//           would remove what the first one has made meanwhile: Twisted's own does.
// Decision: whoever removes one holds a lock (flock) on the directory, and looks again when it has that.
//           A link with this process's own number that it has not made is a dead one's: in a container the server is
//           always number 1.
// Cost:     Twisted knows nothing of that lock: between it and us the race remains. A number that somebody else's
//           process has got since counts as the owner's: the link stays until a person removes it.
import Synchronization
import SystemPackage

/// A link in the file system that says which process has something: made by that process, and removed by it.
package final class ProcessLock: Sendable {
    private let path: [UInt8]
    private let isReleased = Flag()
    /// What this process has.
    private static let held = Mutex<Set<[UInt8]>>([])

    /// Takes a lock that nobody has, or that a dead process has left.
    ///
    /// - Throws: `EEXIST` when a living process has it (``owner(of:)``), this one included, or when something else
    ///   stands there; `.timedOut` when somebody holds the directory; `EACCES`, `ENOENT` and their like.
    package static func take(_ path: [UInt8]) throws(Errno) -> ProcessLock {
        // Said before it is done, so that no other thread takes the link for a dead process's.
        if !held.withLock({ $0.insert(path).inserted }) { throw .fileExists }
        do throws(Errno) { try obtain(path) } catch {
            _ = held.withLock { $0.remove(path) }
            throw error
        }
        return ProcessLock(path)
    }

    private static func obtain(_ path: [UInt8]) throws(Errno) {
        if try mark(path) { return }
        if try isAnothers(path) { throw .fileExists }
        let directory = try DirectoryLock(of: path)
        try removeStale(path)
        guard try mark(path) else { throw .fileExists }
        _ = consume directory
    }

    // Not the one to throw: an object that is thrown away half made would release another one's lock.
    private init(_ path: [UInt8]) { self.path = path }

    deinit { release() }

    /// Gives the lock up. What another process has put there stays.
    package func release() {
        guard !isReleased.isSet else { return }
        isReleased.set()
        defer { _ = Self.held.withLock { $0.remove(path) } }
        // A forked child has a copy of this, and not the lock.
        guard (try? SystemCalls.target(ofLink: path)) == Self.own else { return }
        try? SystemCalls.unlink(path, in: SystemCalls.currentDirectory)
    }

    /// The living process that has a lock; nil when none has.
    ///
    /// - Throws: `EEXIST` when what stands there is no such link; `EACCES` and its like.
    package static func owner(of path: [UInt8]) throws(Errno) -> CInt? {
        guard let process = try process(at: path) else { return nil }
        let isOwn = process == SystemCalls.processIdentifier
        return (isOwn ? held.withLock { $0.contains(path) } : SystemCalls.isThere(process)) ? process : nil
    }

    /// Whether another process has a lock, and lives.
    private static func isAnothers(_ path: [UInt8]) throws(Errno) -> Bool {
        guard let process = try process(at: path), process != SystemCalls.processIdentifier else { return false }
        return SystemCalls.isThere(process)
    }

    /// What stands in a link; nil where there is none.
    private static func process(at path: [UInt8]) throws(Errno) -> CInt? {
        let target: String
        do throws(Errno) { target = try SystemCalls.target(ofLink: path) } catch {
            switch error {
            case .noSuchFileOrDirectory: return nil
            case .invalidArgument: throw .fileExists
            default: throw error
            }
        }
        guard let process = CInt(target), process > 0 else { throw .fileExists }
        return process
    }

    private static var own: String { "\(SystemCalls.processIdentifier)" }

    /// False where something stands there already.
    private static func mark(_ path: [UInt8]) throws(Errno) -> Bool {
        do throws(Errno) {
            try SystemCalls.makeLink(to: own, at: path)
            return true
        } catch {
            if error == .fileExists { return false }
            throw error
        }
    }

    private static func removeStale(_ path: [UInt8]) throws(Errno) {
        if try isAnothers(path) { throw .fileExists }
        do throws(Errno) { try SystemCalls.unlink(path, in: SystemCalls.currentDirectory) } catch {
            if error != .noSuchFileOrDirectory { throw error }
        }
    }
}
