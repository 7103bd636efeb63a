// SPDX-License-Identifier: Apache-2.0

/// The line with which a file exchange answers `/stat` and `/get`.
///
/// ```
/// OK 5000000 1048576 3q-x1-7 LF      the file's size, where the bytes begin that follow, its version
/// NO missing LF                      and nothing follows
/// ```
enum FileAnswer: Hashable, Sendable {
    case found(size: Int64, offset: Int64, version: FileVersion)
    case refused(Refusal)

    /// Why there are no bytes.
    enum Refusal: String, Hashable, Sendable, CaseIterable {
        /// There is no such file.
        case missing
        /// It is no file, or may not be read, or is not below the directory.
        case refused
        /// The request is none.
        case malformed
        /// The server can't just now.
        case busy
    }

    /// The most bytes of the line, its end not counted.
    static let maximumLength = 256

    /// The line with its end.
    var bytes: [UInt8] {
        switch self {
        case .found(let size, let offset, let version): Array("OK \(size) \(offset) \(version)\n".utf8)
        case .refused(let refusal): Array("NO \(refusal.rawValue)\n".utf8)
        }
    }

    /// Reads a line without its end; nil for what is none.
    init?(_ line: [UInt8]) {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        if words.count == 2, words[0] == "NO", let refusal = Refusal(rawValue: String(words[1])) {
            self = .refused(refusal)
        } else if words.count == 4, words[0] == "OK", let size = Self.number(words[1]),
            let offset = Self.number(words[2]), offset <= size, let version = FileVersion(words[3])
        {
            self = .found(size: size, offset: offset, version: version)
        } else {
            return nil
        }
    }

    private static func number(_ text: Substring) -> Int64? {
        text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int64(text) : nil
    }
}
