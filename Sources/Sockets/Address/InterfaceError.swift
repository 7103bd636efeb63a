// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// What went wrong with a network interface: which operation, on which one, and why.
///
/// ``description`` is one line: `set up eth7: no such interface`.
public struct InterfaceError: Error, Hashable, Sendable {
    /// What was tried.
    public let operation: Operation

    /// The interface's name or number, cut at 40 characters and safe to print; empty where all were meant.
    public let interface: String

    /// Why it failed.
    public let reason: Reason

    init(_ operation: Operation, _ interface: String, _ reason: Reason) {
        self.operation = operation
        self.interface = interface.quotable(maximumLength: 40)
        self.reason = reason
    }

    /// What can be done with interfaces.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// Listing them.
        case list = "list interfaces"
        /// Looking one up.
        case find = "find interface"
        /// Bringing one up.
        case setUp = "set up"
        /// Bringing one down.
        case setDown = "set down"
    }

    /// Why an operation failed.
    public enum Reason: Error, Hashable, Sendable {
        /// There is none of this name or number.
        case notFound
        /// The name can be none: empty, over 15 bytes, or with a control byte, a blank, a `/` or a `:`.
        case invalidName
        /// Anything else that the system said.
        case system(Errno)
    }

    /// Not without more rights. C: `EPERM`, `EACCES`.
    public var isPermissionDenied: Bool {
        reason == .system(.notPermitted) || reason == .system(.permissionDenied)
    }
}

extension InterfaceError: CustomStringConvertible {
    /// One line: operation, interface, reason.
    public var description: String {
        "\(operation.rawValue)\(interface.isEmpty ? "" : " \(interface)"): \(reason)"
    }
}

extension InterfaceError.Reason: CustomStringConvertible {
    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .notFound: "no such interface"
        case .invalidName: "no name for an interface"
        case .system(let error): error.words
        }
    }
}
