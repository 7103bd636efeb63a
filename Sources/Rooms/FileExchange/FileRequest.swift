// SPDX-License-Identifier: Apache-2.0
//
// Facts:    the first client of this protocol sends a file's name and nothing behind it, and takes what comes until the
//           end. It can't be told that a file is missing, nor that some of it is, and it can't go on where it stopped.
// Decision: a request that says more is a line that begins with `/get` or `/stat`. An absolute path is never served, so
//           no name that could be is mistaken for one. Whatever else comes is a name, as much as arrives at once.
// Cost:     a name alone that is split on its way is taken for a shorter one; what the first client does has no cure.
public import Reactor

/// What a client asks a file exchange for.
///
/// ```
/// report.pdf                    the bytes, and the end of the stream; nothing where there is no such file
/// /stat report.pdf LF           a line that tells its size and version
/// /get 0 - report.pdf LF        that line and the bytes
/// /get 1048576 3q-x1-7 report.pdf LF     the same from there on, if the file is still of this version
/// ```
public enum FileRequest: Hashable, Sendable {
    /// The bytes of a file, without a line before them.
    case bare(RelativePath)
    /// What is known of a file.
    case status(RelativePath)
    /// A file from an offset on, if it is of this version; else the whole of it.
    case get(RelativePath, from: Int64, of: FileVersion?)

    /// The most bytes of a name.
    public static let maximumNameLength = 1024
    /// The most bytes of a request.
    static let maximumLength = maximumNameLength + 128

    /// The name.
    public var name: RelativePath {
        switch self {
        case .bare(let name), .status(let name), .get(let name, _, _): name
        }
    }

    /// Why bytes are no request.
    public enum Malformed: Error, Hashable, Sendable {
        /// The name has more than ``FileRequest/maximumNameLength`` bytes.
        case nameTooLong
        /// There is no name, or one with a NUL in it.
        case name
        /// An offset or a version that is none, or an unknown word.
        case words
    }

    /// Reads the request at the front of what has come.
    ///
    /// - Parameters:
    ///   - bytes: everything unread.
    ///   - atEnd: no more will come.
    /// - Returns: the request and how many bytes it has; nil while it may be the beginning of one.
    /// - Throws: what can't become a request, however it goes on.
    static func read(
        _ bytes: some Collection<UInt8>, atEnd: Bool
    ) throws(Malformed) -> (request: FileRequest, length: Int)? {
        if bytes.isEmpty { return nil }
        guard let word = words.first(where: { $0.starts(with: bytes.prefix($0.count)) }) else {
            let line = bytes.first == slash ? bytes.prefix { $0 != lineFeed } : bytes.prefix(bytes.count)
            return (.bare(try name(Array(line))), bytes.count)
        }
        guard bytes.count > word.count, let end = bytes.firstIndex(of: lineFeed) else {
            if bytes.count >= maximumLength { throw .nameTooLong }
            if atEnd { throw .words }
            return nil
        }
        let rest = Array(bytes.prefix(upTo: end).dropFirst(word.count))
        let length = bytes.distance(from: bytes.startIndex, to: end) + 1
        if word == statusWord { return (.status(try name(rest)), length) }
        let parts = rest.split(separator: space, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let offset = number(parts[0]) else { throw .words }
        let text = String(decoding: parts[1], as: UTF8.self)
        let version = FileVersion(text)
        guard text == "-" || version != nil else { throw .words }
        return (.get(try name(Array(parts[2])), from: offset, of: text == "-" ? nil : version), length)
    }

    /// The request's bytes; nil for a name that can't be asked for this way.
    var bytes: [UInt8]? {
        guard name.bytes.count <= Self.maximumNameLength, !name.bytes.contains(Self.lineFeed) else { return nil }
        switch self {
        case .bare(let name): return name.bytes
        case .status(let name): return Self.statusWord + name.bytes + [Self.lineFeed]
        case .get(let name, let offset, let version):
            let head = "\(offset) \(version?.description ?? "-") "
            return Self.getWord + Array(head.utf8) + name.bytes + [Self.lineFeed]
        }
    }

    private static func name(_ bytes: [UInt8]) throws(Malformed) -> RelativePath {
        var bytes = bytes
        // As telnet sends it.
        if bytes.last == lineFeed { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if bytes.isEmpty || bytes.contains(0) { throw .name }
        if bytes.count > maximumNameLength { throw .nameTooLong }
        return RelativePath(bytes: bytes)
    }

    /// Decimal digits alone, of an offset that a file can have.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard 1...19 ~= digits.count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    private static let getWord = Array("/get ".utf8)
    private static let statusWord = Array("/stat ".utf8)
    private static let words = [getWord, statusWord]
    private static let slash = UInt8(ascii: "/")
    private static let space = UInt8(ascii: " ")
    private static let lineFeed = UInt8(ascii: "\n")
}
