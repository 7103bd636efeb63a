// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no frame, or a frame can't become bytes.
public struct FramingError: Error, Hashable, Sendable {
    /// What kind of frame it was about, in a word or two: `line`, `netstring`.
    public let framing: String
    /// What was wrong with it.
    public let reason: Reason

    /// Makes an error of a framer, which may be one of yours.
    public init(_ framing: String, _ reason: Reason) {
        self.framing = framing
        self.reason = reason
    }

    /// What can be wrong with a frame.
    public enum Reason: Error, Hashable, Sendable {
        /// It carries, or says that it will carry, more than `limit` bytes.
        case tooLong(limit: Int)
        /// It breaks the rule, in these words, which quote it: outside text in them is escaped and cut.
        case malformed(String)
        /// The stream ended after `have` of its bytes; `of` is how many it has, header and end included, or nil where
        /// the bytes don't say yet.
        case truncated(have: Int, of: Int?)
    }
}

extension FramingError: CustomStringConvertible {
    /// One line: `netstring: the stream ended after 3 of 9 bytes`.
    public var description: String { "\(framing): \(reason)" }
}

extension FramingError.Reason: CustomStringConvertible {
    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .malformed(let words): words
        case .truncated(let have, let total?): "the stream ended after \(have) of \(total) bytes"
        case .truncated(let have, nil): "the stream ended after \(have) bytes, before the frame did"
        }
    }
}
