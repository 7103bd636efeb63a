// SPDX-License-Identifier: Apache-2.0
public import Sockets
public import Wire

/// Why there is no frame: the connection failed, or its bytes are none.
public enum FrameError: Error, Hashable, Sendable {
    /// Receiving or sending failed: `.timedOut`, `.cancelled`, `.busy`, `.closed`, `.broken`.
    case connection(SocketError)
    /// The bytes break the rule, are too many, or end in the middle of a frame; or what was to be sent does.
    case framing(FramingError)

    /// What the connection failed with; nil if it was not the connection.
    public var connectionError: SocketError? { if case .connection(let error) = self { error } else { nil } }

    /// What was wrong with the frame; nil if it was not the frame.
    public var framingError: FramingError? { if case .framing(let error) = self { error } else { nil } }
}

extension FrameError: CustomStringConvertible {
    /// One line: that of the error within.
    public var description: String {
        switch self {
        case .connection(let error): "\(error)"
        case .framing(let error): "\(error)"
        }
    }
}
