// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// What went wrong with a selector: which operation, on which descriptor, and why.
public struct SelectorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    public let operation: Operation
    /// The descriptor that it was about; −1 for none.
    public let descriptor: CInt
    /// Why it failed. The selector is as it was before.
    public let reason: Reason

    init(_ operation: Operation, _ descriptor: CInt, _ reason: Reason) {
        self.operation = operation
        self.descriptor = descriptor
        self.reason = reason
    }

    init(_ operation: Operation, _ descriptor: CInt, error: Errno) {
        let reason: Reason =
            switch (operation, error) {
            case (.register, .fileExists): .alreadyRegistered
            case (_, .noSuchFileOrDirectory): .notRegistered
            case (_, .badFileDescriptor): .notOpen
            case (.register, .notPermitted): .unsupported("a regular file can't be waited for")
            default: .system(error)
            }
        self.init(operation, descriptor, reason)
    }

    /// What a program can ask of a selector.
    public enum Operation: String, Hashable, Sendable {
        /// The operations, each by its name.
        case create, register, modify, unregister, wait
    }

    /// Why an operation failed.
    public enum Reason: Hashable, Sendable {
        /// The descriptor is registered: modify it.
        case alreadyRegistered
        /// The descriptor is not registered.
        case notRegistered
        /// The descriptor is not open.
        case notOpen
        /// The interest has neither reading nor writing. To wait for nothing, unregister.
        case noInterest
        /// The number is too high for `select`, which has room for this many descriptors. C: `FD_SETSIZE`.
        case beyondSetSize(Int)
        /// This mechanism can't do it.
        case unsupported(String)
        /// Anything else that the system said.
        case system(Errno)
    }

    /// One line.
    public var description: String {
        let subject = descriptor >= 0 ? " descriptor \(descriptor)" : ""
        let words =
            switch reason {
            case .alreadyRegistered: "it is registered already"
            case .notRegistered: "it is not registered"
            case .notOpen: "it is not open"
            case .noInterest: "there is nothing to wait for"
            case .beyondSetSize(let size): "select has room for descriptors below \(size) only"
            case .unsupported(let text): text
            case .system(let error): error.words
            }
        return "\(operation.rawValue)\(subject): \(words)"
    }
}
