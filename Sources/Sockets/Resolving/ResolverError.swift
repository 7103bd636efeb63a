// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// A question about a name that got no answer: what was asked, and why.
///
/// ``description`` is one line: `resolve nosuch.invalid: name not found`.
public struct ResolverError: Error, Hashable, Sendable {
    /// What was tried.
    public let operation: Operation

    /// What was asked for, cut at 120 characters and safe to print.
    public let question: String

    /// Why there is no answer.
    public let reason: Reason

    /// An error, for who resolves names in another way or plays the resolver in a test. The question is cut at 120
    /// characters, and what could upset a terminal is escaped.
    public init(_ operation: Operation, _ question: String, _ reason: Reason) {
        self.operation = operation
        self.question = question.quotable(maximumLength: 120)
        self.reason = reason
    }

    /// What can be asked.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// The addresses of a name.
        case resolve
        /// The name of an address.
        case nameOf = "name of"
        /// The name of this machine.
        case hostName = "host name"
        /// Giving this machine another name.
        case setHostName = "set host name"
        /// The port of a service, or the service of a port.
        case service
        /// The number of a protocol, or the protocol of a number.
        case protocolName = "protocol"
    }

    /// Why a question has no answer. Each up to `.notInternational` is one code of getaddrinfo.
    public enum Reason: Error, Hashable, Sendable {
        /// Nobody knows this name. C: `EAI_NONAME`.
        case nameNotFound
        /// No server answered; another try may have more luck. C: `EAI_AGAIN`.
        case tryAgain
        /// A server answered that it can't. C: `EAI_FAIL`.
        case failed
        /// The name exists and has no address, or none of the family. C: `EAI_NODATA`, `EAI_ADDRFAMILY`.
        case noData
        /// These flags make no sense together. C: `EAI_BADFLAGS`.
        case badFlags
        /// The system has no such family. C: `EAI_FAMILY`.
        case family
        /// The system has no such kind of socket, or not with this protocol. C: `EAI_SOCKTYPE`.
        case kind
        /// Nobody knows this service, or not for this kind of socket. C: `EAI_SERVICE`.
        case service
        /// No memory was left. C: `EAI_MEMORY`.
        case memory
        /// The name can't be written as an international one. C: `EAI_IDN_ENCODE`.
        case notInternational
        /// Nobody knows this protocol.
        case protocolNotFound
        /// The name was refused before anybody was asked; the text says why.
        case invalid(String)
        /// There was no answer in time.
        case timedOut
        /// The task that asked was cancelled.
        case cancelled
        /// So many questions wait for their turn already; this one was not even put there.
        case tooManyQuestions(Int)
        /// Anything else that the system said. C: `EAI_SYSTEM`.
        case system(Errno)
        /// A code that this version does not know.
        case other(CInt)
    }
}

extension ResolverError: CustomStringConvertible {
    /// One line: operation, question, reason.
    public var description: String {
        "\(operation.rawValue)\(question.isEmpty ? "" : " \(question)"): \(reason)"
    }
}

extension ResolverError.Reason: CustomStringConvertible {
    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .nameNotFound: "name not found"
        case .tryAgain: "no name server answered, try again later"
        case .failed: "the name server failed"
        case .noData: "the name has no such address"
        case .badFlags: "these flags do not go together"
        case .family: "no such address family here"
        case .kind: "no such kind of socket here"
        case .service: "unknown service"
        case .memory: "no memory left"
        case .notInternational: "no international name"
        case .protocolNotFound: "unknown protocol"
        case .invalid(let text): text
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .tooManyQuestions(let count): "\(count) look-ups wait for their turn already"
        case .system(let error): error.words
        case .other(let code): "resolver code \(code)"
        }
    }
}
