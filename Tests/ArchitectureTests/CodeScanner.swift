// SPDX-License-Identifier: Apache-2.0

/// Tells Swift code from what merely looks like it: blanks comments, string literals and quoted names, keeps every
/// newline, and keeps the code inside interpolations. A check that reads its result can name a forbidden call in a
/// message or a comment without finding itself.
struct CodeScanner {
    /// The text with everything blanked that the compiler does not run.
    static func code(of text: String) -> String {
        var scanner = CodeScanner(bytes: Array(text.utf8))
        scanner.scanCode(insideInterpolation: false)
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private let bytes: [UInt8]
    private var index = 0
    private var output: [UInt8] = []

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        output.reserveCapacity(bytes.count)
    }

    private func starts(with text: StaticString, at offset: Int = 0) -> Bool {
        let first = index + offset
        guard first + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { $0.elementsEqual(bytes[first..<first + $0.count]) }
    }

    private mutating func keep(_ count: Int = 1) {
        let end = min(index + count, bytes.count)
        output += bytes[index..<end]
        index = end
    }

    private mutating func blank(_ count: Int = 1) {
        let end = min(index + count, bytes.count)
        for byte in bytes[index..<end] { output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " ")) }
        index = end
    }

    private mutating func scanCode(insideInterpolation: Bool) {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "/") where starts(with: "//"): blankLineComment()
            case UInt8(ascii: "/") where starts(with: "/*"): blankBlockComment()
            case UInt8(ascii: "\""): scanString(hashes: 0)
            case UInt8(ascii: "`"): blankQuotedName()
            case UInt8(ascii: "#"): scanHashes()
            case UInt8(ascii: "("):
                depth += 1
                keep()
            case UInt8(ascii: ")"):
                keep()
                depth -= 1
                if insideInterpolation && depth < 0 { return }
            default: keep()
            }
        }
    }

    private mutating func blankLineComment() {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                blank(2)
            } else if starts(with: "*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && index < bytes.count
    }

    private mutating func blankQuotedName() {
        keep()
        while index < bytes.count, bytes[index] != UInt8(ascii: "`"), bytes[index] != UInt8(ascii: "\n") { blank() }
        keep()
    }

    /// A raw string, a regular expression between `#/` and `/#`, or a directive such as `#if`.
    private mutating func scanHashes() {
        let hashes = bytes[index...].prefix { $0 == UInt8(ascii: "#") }.count
        if starts(with: "\"", at: hashes) {
            keep(hashes)
            scanString(hashes: hashes)
        } else if starts(with: "/", at: hashes) {
            keep(hashes + 1)
            while index < bytes.count, !(starts(with: "/") && isFollowed(byHashes: hashes, at: 1)) { blank() }
            keep(1 + hashes)
        } else {
            keep(hashes)
        }
    }

    private func isFollowed(byHashes hashes: Int, at offset: Int) -> Bool {
        (0..<hashes).allSatisfy { starts(with: "#", at: offset + $0) }
    }

    /// From the opening quote to the closing one; the code of interpolations stays.
    private mutating func scanString(hashes: Int) {
        let isMultiline = starts(with: "\"\"\"")
        let quotes = isMultiline ? 3 : 1
        keep(quotes)
        while index < bytes.count {
            let closes = isMultiline ? starts(with: "\"\"\"") : starts(with: "\"")
            if closes && isFollowed(byHashes: hashes, at: quotes) {
                keep(quotes + hashes)
                return
            }
            if !isMultiline && bytes[index] == UInt8(ascii: "\n") { return }
            guard starts(with: "\\") && isFollowed(byHashes: hashes, at: 1) else {
                blank()
                continue
            }
            blank(1 + hashes)
            if starts(with: "(") {
                keep()
                scanCode(insideInterpolation: true)
            } else {
                blank()
            }
        }
    }
}
