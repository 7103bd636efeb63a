// SPDX-License-Identifier: Apache-2.0
import Wire

/// Why a chat has let go of a member.
public enum ChatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There are as many members as there may be.
    case full
    /// More waited for the member to read than may.
    case tooSlow(limit: Int)
    /// A line was longer than it may be.
    case lineTooLong(limit: Int)
    /// Lines can't be written in this encoding, or the system lacks it.
    case encoding(String)

    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .full: "the chat is full"
        case .tooSlow(let limit): "over \(limit) bytes waited to be read"
        case .lineTooLong(let limit): "a line has over \(limit) bytes"
        case .encoding(let name): "no lines in \(name) here"
        }
    }
}
