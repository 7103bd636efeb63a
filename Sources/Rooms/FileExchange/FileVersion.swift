// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Which state of a file somebody has part of: two parts fit together only when they are of one version.
public struct FileVersion: Hashable, Sendable, CustomStringConvertible {
    /// Lower-case letters, digits and `-`, 1 to ``maximumLength`` of them: fit for a file's name.
    public let description: String

    /// The most characters.
    public static let maximumLength = 64

    /// A version as a peer writes it; nil for what can't be one.
    public init?(_ text: some StringProtocol) {
        let isPlain = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isPlain, 1...Self.maximumLength ~= text.utf8.count else { return nil }
        description = String(text)
    }

    /// The version of a file as it is now: a file that is written again, or another one, has another.
    public init(_ status: FileStatus) {
        let (seconds, attoseconds) = status.modified.components
        let parts = [status.size, Int64(bitPattern: status.inode), seconds, attoseconds / 1_000_000_000]
        description = parts.map { String(UInt64(bitPattern: $0), radix: 36) }.joined(separator: "-")
    }
}
