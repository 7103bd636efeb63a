// SPDX-License-Identifier: Apache-2.0
import Sockets

/// A path below a directory, as the file system has it: any bytes but NUL, names divided by `/`.
///
/// It may come from anywhere. Whether it leads somewhere, and stays below, is found out by whoever follows it: `..` and
/// links may be in it as long as they stay inside.
public struct RelativePath: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes.
    public let bytes: [UInt8]

    /// A path of bytes, UTF-8 or not.
    public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    /// A path from text, as UTF-8.
    public init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    /// A path that is written in the program.
    public init(stringLiteral text: String) { bytes = Array(text.utf8) }

    /// The directory itself.
    public static let current: RelativePath = "."

    /// For people: control characters and bytes that are no UTF-8 are escaped, and long ones cut.
    public var description: String { String(decoding: bytes, as: UTF8.self).quotable(maximumLength: 200) }

    /// The names, without empty ones and `.`.
    var components: [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != Self.dot }
    }

    /// The directory that the last name is in, and that name.
    ///
    /// - Throws: what is wrong with a path that names nothing: an empty one, `.`, or one that ends with `..`.
    func split(for operation: FileError.Operation) throws(FileError) -> (parent: RelativePath, name: [UInt8]) {
        var names = components
        guard let name = names.popLast(), name != Self.dotDot else {
            throw FileError(operation, self, .invalid("this path names no file"))
        }
        if bytes.contains(0) { throw FileError(operation, self, .invalid("no name holds a NUL")) }
        if bytes.first == UInt8(ascii: "/") { throw FileError(operation, self, .escapes) }
        return (names.isEmpty ? .current : RelativePath(bytes: names.joined(separator: [UInt8(ascii: "/")])), name)
    }

    static let dot = [UInt8(ascii: ".")]
    static let dotDot = [UInt8(ascii: "."), UInt8(ascii: ".")]
}
