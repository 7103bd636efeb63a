// SPDX-License-Identifier: Apache-2.0
import SystemPackage

extension SocketError: CustomStringConvertible {
    /// One line: operation, subject, reason, and what else is known.
    public var description: String {
        var text = operation.rawValue
        if let subject { text += " \(subject)" }
        text += ": \(reason)"
        if let holder { text += " (by \(holder))" }
        if !attempts.isEmpty { text += " (tried \(attempts.map(describe).joined(separator: ", ")))" }
        return text
    }

    /// An attempt repeats its reason only where it differs from the one that the line already gives.
    private func describe(_ attempt: Attempt) -> String {
        let place = "\(attempt.address) after \(attempt.started.wholeMilliseconds) ms"
        return attempt.reason == reason ? place : "\(place): \(attempt.reason)"
    }
}

extension SocketError.Reason: CustomStringConvertible {
    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .closed: "closed"
        case .broken(let error): "connection broken: \(error.words)"
        case .busy: "another task is doing that already"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        case .wouldBlock: "would block"
        case .unsupported(let error): "not supported here: \(error.words)"
        case .invalid(let text): text
        case .address(let error): "\(error)"
        case .unresolved(let error): "\(error)"
        case .truncated(let length): "the message was \(length) bytes long and did not fit"
        case .tooLong(let limit): "no end of the line in \(limit) bytes"
        case .ended(let got, let wanted): "the stream ended after \(got) of \(wanted) bytes"
        case .ancillaryTruncated: "ancillary data did not fit; its descriptors are closed"
        case .limitReached(let limit): "the limit of \(limit) is reached"
        case .system(let error): error.words
        }
    }
}

extension Duration {
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product &+ attoseconds / 1_000_000_000_000_000
    }
}
