// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// What went wrong with a file: which operation, on which one, and why.
///
/// ``description`` is one line: `open images/logo.png: not found`. Programs ask ``reason``, never the text.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    public let operation: Operation
    /// The path as it was given.
    public let path: RelativePath
    /// Why it failed.
    public let reason: Reason

    /// An error.
    public init(_ operation: Operation, _ path: RelativePath, _ reason: Reason) {
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    init(_ operation: Operation, _ path: RelativePath, error: Errno) {
        let holdsNUL = error == .invalidArgument && path.bytes.contains(0)
        self.init(operation, path, holdsNUL ? .invalid("no name holds a NUL") : Reason(error))
    }

    /// Why the pool did not do it.
    init(_ operation: Operation, _ path: RelativePath, pool error: SocketError) {
        let reason: Reason =
            switch error.reason {
            case .cancelled: .cancelled
            case .timedOut: .timedOut
            case .limitReached(let limit): .limitReached(limit)
            case .system(let error): Reason(error)
            default: .invalid("\(error)")
            }
        self.init(operation, path, reason)
    }

    /// What a program can ask of a file.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// The operations, each with the word that a description begins with.
        case open, read, list, create, write, commit, remove, rename
        case status = "get status of"
        case makeDirectory = "make directory"
    }

    /// Why an operation failed.
    public enum Reason: Hashable, Sendable {
        /// There is no such file, or no directory on the way to it. C: `ENOENT`.
        case notFound
        /// Not with these rights. C: `EACCES`, `EPERM`.
        case permissionDenied
        /// It is a directory, and a file was wanted. C: `EISDIR`.
        case isDirectory
        /// It is none, or something on the way is none. C: `ENOTDIR`.
        case notDirectory
        /// It is a pipe, a device or a socket.
        case notRegular
        /// The path would lead out of the directory. C: `EXDEV`.
        case escapes
        /// The name is taken. C: `EEXIST`.
        case exists
        /// The directory has something in it. C: `ENOTEMPTY`.
        case notEmpty
        /// The disk is full, or what this user may have of it. C: `ENOSPC`, `EDQUOT`.
        case noSpace
        /// A name is too long for the file system. C: `ENAMETOOLONG`.
        case nameTooLong
        /// It was committed or discarded already.
        case closed
        /// The deadline came. What was under way may still be done.
        case timedOut
        /// The task was cancelled. What was under way may still be done.
        case cancelled
        /// So many calls wait for a thread already.
        case limitReached(Int)
        /// An argument makes no sense; the text says why.
        indirect case invalid(String)
        /// Anything else that the system said.
        case system(Errno)
    }

    /// One line that tells the story.
    public var description: String { "\(operation.rawValue) \(path): \(reason)" }
}

extension FileError.Reason: CustomStringConvertible {
    /// Sorts the system's numbers.
    init(_ error: Errno) {
        self =
            switch error {
            case .noSuchFileOrDirectory: .notFound
            case .permissionDenied, .notPermitted: .permissionDenied
            case .isDirectory: .isDirectory
            case .notDirectory: .notDirectory
            case .improperLink: .escapes
            case .fileExists: .exists
            case .directoryNotEmpty: .notEmpty
            case .noSpace, .diskQuotaExceeded: .noSpace
            case .fileNameTooLong: .nameTooLong
            default: .system(error)
            }
    }

    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .notFound: "not found"
        case .permissionDenied: "permission denied"
        case .isDirectory: "is a directory"
        case .notDirectory: "not a directory"
        case .notRegular: "not a regular file"
        case .escapes: "the path leads out of the directory"
        case .exists: "the name is taken"
        case .notEmpty: "the directory is not empty"
        case .noSpace: "no space left"
        case .nameTooLong: "a name is too long"
        case .closed: "closed"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .limitReached(let limit): "\(limit) calls wait for a thread already"
        case .invalid(let text): text
        case .system(let error): error.words
        }
    }
}
