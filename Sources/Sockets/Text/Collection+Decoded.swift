// SPDX-License-Identifier: Apache-2.0

extension Collection<UInt8> {
    /// The text that these bytes are, from first to last: Python's `bytes.decode`.
    /// ```swift
    /// let text = try received.decoded(as: .gbk)
    /// let readable = try received.decoded(as: .gbk, errors: .replacing)
    /// ```
    /// - Parameters:
    ///   - encoding: the bytes' encoding.
    ///   - errors: with `.replacing` no bytes are refused, and what is no text becomes U+FFFD.
    /// - Throws: ``TextError`` with `.invalidBytes` and `.incompleteBytes` (both under `.strict` only), with
    ///   `.unknownEncoding` where the system lacks the encoding, `.system` when it has no memory or descriptor left.
    ///
    /// C: `iconv(3)`.
    public func decoded(
        as encoding: TextEncoding = .utf8, errors: TextErrorPolicy = .strict
    ) throws(TextError) -> String {
        if encoding == .utf8, let text = String(validating: self, as: UTF8.self) { return text }
        var decoder = try TextDecoder(encoding, errors: errors)
        var text = try decoder.decode(self)
        text += try decoder.finish()
        return text
    }
}

extension String {
    /// The text that bytes are in an encoding, from first to last: Python's `str(data, encoding)`. The same as
    /// ``Swift/Collection/decoded(as:errors:)``.
    ///
    /// - Throws: ``TextError``, as `decoded(as:errors:)` does.
    public init(
        decoding bytes: some Collection<UInt8>, as encoding: TextEncoding, errors: TextErrorPolicy = .strict
    ) throws(TextError) {
        self = try bytes.decoded(as: encoding, errors: errors)
    }
}
