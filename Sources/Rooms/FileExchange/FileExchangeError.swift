// SPDX-License-Identifier: Apache-2.0
public import Reactor
public import Sockets

/// Why a file did not come, or not all of it.
public struct FileExchangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name that was asked for.
    public let name: RelativePath
    /// Why it failed.
    public let reason: Reason

    init(_ name: RelativePath, _ reason: Reason) {
        self.name = name
        self.reason = reason
    }

    /// What can go wrong with a download. What had come by then is kept, and the next call goes on there.
    public enum Reason: Hashable, Sendable {
        /// The server has no such file.
        case missing
        /// The server does not give it away.
        case refused
        /// The server can't just now.
        case busy
        /// The name can't be asked for: it is empty, has over 1,024 bytes, a NUL or a line end.
        case name
        /// What the server says is no answer.
        case malformed
        /// The file became another while it was asked for.
        case changed
        /// The stream ended after so many bytes of so many.
        case truncated(after: Int64, of: Int64)
        /// The connection failed.
        indirect case connection(SocketError)
        /// The file could not be written here.
        indirect case file(FileError)
    }

    /// One line that tells the story: `download report.pdf: the server has no such file`.
    public var description: String { "download \(name): \(reason)" }
}

extension FileExchangeError.Reason: CustomStringConvertible {
    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .missing: "the server has no such file"
        case .refused: "the server does not give it away"
        case .busy: "the server can't just now"
        case .name: "no name that can be asked for"
        case .malformed: "what the server says is no answer"
        case .changed: "the file became another meanwhile"
        case .truncated(let have, let all): "the stream ended after \(have) of \(all) bytes"
        case .connection(let error): "\(error)"
        case .file(let error): "\(error)"
        }
    }

    init(_ refusal: FileAnswer.Refusal) {
        self =
            switch refusal {
            case .missing: .missing
            case .refused: .refused
            case .malformed: .malformed
            case .busy: .busy
            }
    }
}
