// SPDX-License-Identifier: Apache-2.0

/// The percent escapes of RFC 3986 §2.1, for the parts of an address that may hold any byte.
enum PercentEncoding {
    /// The bytes that `text` stands for.
    ///
    /// - Throws: `.invalidPercentEscape` for a `%` without two hexadecimal digits.
    static func decode(_ text: some StringProtocol) throws(AddressError.Reason) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            guard digits.count == 2 else {
                throw .invalidPercentEscape(
                    "%" + String(decoding: rest.prefix(2), as: UTF8.self).quotable(maximumLength: 8))
            }
            bytes.append(UInt8(digits[0] << 4 | digits[1]))
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// The text that `text` stands for.
    ///
    /// - Throws: `.invalidPercentEscape`, also where the bytes are no UTF-8.
    static func decodeText(_ text: some StringProtocol) throws(AddressError.Reason) -> String {
        guard let decoded = String(validating: try decode(text), as: UTF8.self) else {
            throw .invalidPercentEscape(text.quotable(maximumLength: 40))
        }
        return decoded
    }

    /// The text that decodes to `bytes`: printable characters as they are, but for `%` and those in `reserved`.
    static func encode(_ bytes: [UInt8], reserved: Set<Unicode.Scalar>) -> String {
        // One replacement character stands for each byte that is no UTF-8: then every byte beyond ASCII is escaped.
        let text = String(validating: bytes, as: UTF8.self)
        let scalars = text.map { Array($0.unicodeScalars) } ?? bytes.map { Unicode.Scalar($0) }
        var result = ""
        for scalar in scalars {
            let isPlain = scalar.isPrintable && scalar != "%" && !reserved.contains(scalar)
            if isPlain, text != nil || scalar.isASCII {
                result.unicodeScalars.append(scalar)
            } else {
                let escaped =
                    text == nil ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(UTF8.encode(scalar) ?? .init())
                result += escaped.map(escape).joined()
            }
        }
        return result
    }

    private static func escape(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
    }
}
