// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

/// Text that can't be read or written in an encoding: which encoding, what, and where.
///
/// ``description`` is one line: `decode GBK: invalid bytes 81 20 at offset 5`.
public struct TextError: Error, Hashable, Sendable {
    /// What was tried.
    public let operation: Operation

    /// The encoding's name, as it was given.
    public let encoding: String

    /// Why it failed.
    public let reason: Reason

    init(_ operation: Operation, encoding: String, _ reason: Reason) {
        self.operation = operation
        self.encoding = encoding
        self.reason = reason
    }

    /// What can be done with an encoding.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        /// Looking it up.
        case open
        /// Bytes into text.
        case decode
        /// Text into bytes.
        case encode
    }

    /// Why an operation failed.
    public enum Reason: Hashable, Sendable {
        /// The system's iconv knows no such name, or lacks the module for it.
        case unknownEncoding
        /// These bytes, the first of which stands at `offset` from the start, are no text in this encoding: as many as
        /// it took to see that.
        case invalidBytes([UInt8], offset: Int)
        /// The bytes end in the middle of a character, which begins at `offset`.
        case incompleteBytes([UInt8], offset: Int)
        /// The encoding has no such character. `offset` counts UTF-8 bytes from the start of the text.
        case notEncodable(Unicode.Scalar, offset: Int)
        /// Anything else that the system said: no memory, no descriptor for a conversion module.
        case system(Errno)
    }
}

extension TextError: CustomStringConvertible {
    /// One line: operation, encoding, reason.
    public var description: String {
        let name = encoding.quotable(maximumLength: 64)
        return "\(operation.rawValue) \(reason == .unknownEncoding ? "\"\(name)\"" : name): \(reason)"
    }
}

extension TextError.Reason: CustomStringConvertible {
    /// A few words, without a full stop.
    public var description: String {
        switch self {
        case .unknownEncoding: "the system knows no encoding of this name"
        case .invalidBytes(let bytes, let offset): "invalid bytes \(hexadecimal(bytes)) at offset \(offset)"
        case .incompleteBytes(let bytes, let offset):
            "ends within a character: \(hexadecimal(bytes)) at offset \(offset)"
        case .notEncodable(let scalar, let offset): "no character U+\(hexadecimal(scalar)) (offset \(offset))"
        case .system(let error): error.words
        }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
    }

    private func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// What happens to bytes that are no text, and to characters that the encoding lacks.
public enum TextErrorPolicy: Hashable, Sendable {
    /// They are an error that says where and what.
    case strict
    /// Bytes become U+FFFD one by one (in UTF-8: once for the longest beginning of a character that stands there,
    /// Unicode §3.9), so that a byte which may begin the next character is never lost; characters become `?`.
    case replacing
}
