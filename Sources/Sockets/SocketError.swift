// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// What went wrong with a socket: which operation, on what, and why.
///
/// ``description`` is one line that tells the story:
/// `connect example.test:80: connection refused (tried [::1]:80 after 0 ms, 127.0.0.1:80 after 250 ms)`.
/// Programs ask ``reason`` or the questions (``isAddressInUse``, ``isConnectionRefused``, …), never the text.
public struct SocketError: Error, Hashable, Sendable {
    /// Behind a reference: every call that can throw has room for an error in its frame, and a task that waits has
    /// several of those. So that room is one word.
    private indirect enum Story: Hashable, Sendable {
        case of(Content)
    }

    private struct Content: Hashable, Sendable {
        let operation: Operation
        let reason: Reason
        let subject: String?
        let attempts: [Attempt]
        let holder: PortHolder?
    }

    private let story: Story

    private var content: Content {
        switch story {
        case .of(let content): content
        }
    }

    /// What was tried.
    public var operation: Operation { content.operation }

    /// Why it failed.
    public var reason: Reason { content.reason }

    /// What the operation was about, as text: an address, an option's name; nil where there was nothing to name.
    public var subject: String? { content.subject }

    /// The addresses that a connection was tried to, in order, each with its own reason.
    public var attempts: [Attempt] { content.attempts }

    /// Who holds the port, where the system tells it (`/proc`) and the reason is ``isAddressInUse``.
    public var holder: PortHolder? { content.holder }

    package init(
        _ operation: Operation, _ reason: Reason, subject: String? = nil, attempts: [Attempt] = [],
        holder: PortHolder? = nil
    ) {
        story = .of(
            Content(operation: operation, reason: reason, subject: subject, attempts: attempts, holder: holder))
    }

    package init(_ operation: Operation, error: Errno, subject: String? = nil) {
        self.init(operation, Reason(error, during: operation), subject: subject)
    }

    /// What a program can ask of a socket.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// The operations, each with the words that a description begins with.
        case open, adopt, duplicate, close
        case bind, listen, accept, connect, shutdown
        case send, receive, wait
        case run, start
        case sendFile = "send file"
        case getOption = "get option"
        case setOption = "set option"
        case localAddress = "local address"
        case peerAddress = "peer address"
        case setTimeLimit = "set time limit"
        case inherit = "set inheritable"
        case available = "bytes available"
    }

    /// Why an operation failed. Each reason has one meaning in every module.
    public enum Reason: Hashable, Sendable {
        /// This side closed it.
        case closed
        /// The connection broke: reset, aborted, or given up by keep-alive. Nothing more will pass.
        case broken(Errno)
        /// Another task is in the same operation.
        case busy
        /// The time limit passed. What had been done by then stays done.
        case timedOut
        /// The task was cancelled.
        case cancelled
        /// The socket is non-blocking, and the operation would have to wait.
        case wouldBlock
        /// This system, or this kind of socket, can't do it.
        case unsupported(Errno)
        /// An argument makes no sense; the text quotes it.
        indirect case invalid(String)
        /// The address could not be read.
        indirect case address(AddressError)
        /// The name could not be resolved.
        indirect case unresolved(ResolverError)
        /// A message was longer than the room given for it, and the rest of it is gone. The number is its whole length.
        case truncated(Int)
        /// What was read up to a delimiter is longer than this limit; the bytes are still there to be read.
        case tooLong(Int)
        /// The stream ended after so many bytes of those that were asked for, which are still there to be read.
        case ended(after: Int, of: Int)
        /// Ancillary data did not fit. Every descriptor that came with the message is closed, the message is gone.
        case ancillaryTruncated
        /// A bound of this program's own is reached; the number is the bound.
        case limitReached(Int)
        /// Anything else that the system said.
        case system(Errno)
    }

    /// One address that a connection was tried to.
    public struct Attempt: Hashable, Sendable {
        /// The address.
        public let address: SocketAddress
        /// How long after the start of the whole operation this attempt began.
        public let started: Duration
        /// Why it failed.
        public let reason: Reason

        package init(address: SocketAddress, started: Duration, reason: Reason) {
            self.address = address
            self.started = started
            self.reason = reason
        }
    }
}

extension SocketError.Reason {
    /// Sorts the system's numbers into reasons that mean the same everywhere.
    package init(_ error: Errno, during operation: SocketError.Operation) {
        let isTransfer = operation == .send || operation == .receive || operation == .sendFile
        switch error {
        case .connectionReset, .brokenPipe, .connectionAbort, .networkReset: self = .broken(error)
        case .timedOut: self = isTransfer ? .broken(error) : .timedOut
        case .wouldBlock, .resourceTemporarilyUnavailable: self = .wouldBlock
        case .addressFamilyNotSupported, .protocolNotSupported, .socketTypeNotSupported, .notSupportedOnSocket,
            .noFunction:
            self = .unsupported(error)
        default: self = .system(error)
        }
    }
}

/// Questions that people ask, each of which more than one number of the system answers.
extension SocketError {
    /// Somebody else has the address. C: `EADDRINUSE`.
    public var isAddressInUse: Bool { matches(.addressInUse) }
    /// The address is none of this machine's. C: `EADDRNOTAVAIL`.
    public var isAddressNotAvailable: Bool { matches(.addressNotAvailable) }
    /// Not without more rights (a port below 1024, a raw socket, broadcast without the option). C: `EACCES`, `EPERM`.
    public var isPermissionDenied: Bool { matches(.permissionDenied) || matches(.notPermitted) }
    /// Nobody listens there. C: `ECONNREFUSED`.
    public var isConnectionRefused: Bool { matches(.connectionRefused) }
    /// No way leads there. C: `EHOSTUNREACH`, `ENETUNREACH`.
    public var isUnreachable: Bool { matches(.noRouteToHost) || matches(.networkUnreachable) }
    /// The socket has no peer yet. C: `ENOTCONN`.
    public var isNotConnected: Bool { matches(.socketNotConnected) }
    /// The name is not known.
    public var isNameNotFound: Bool {
        if case .unresolved(let error) = reason { error.reason == .nameNotFound } else { false }
    }
    /// No descriptor, memory or buffer was left: worth another try later. C: `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`.
    public var isOutOfResources: Bool {
        matches(.tooManyOpenFiles) || matches(.tooManyOpenFilesInSystem) || matches(.noBufferSpace)
            || matches(.noMemory)
    }

    private func matches(_ error: Errno) -> Bool {
        if case .system(error) = reason { return true }
        return !attempts.isEmpty && attempts.allSatisfy { $0.reason == .system(error) }
    }
}
