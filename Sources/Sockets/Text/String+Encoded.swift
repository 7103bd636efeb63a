// SPDX-License-Identifier: Apache-2.0

extension StringProtocol {
    /// The bytes of this text in an encoding: Python's `str.encode`. For UTF-8 `Array(text.utf8)` says it without
    /// `try`.
    ///
    /// - Parameters:
    ///   - encoding: the bytes' encoding.
    ///   - errors: with `.replacing` a character that the encoding lacks becomes `?`.
    /// - Throws: ``TextError`` with `.notEncodable` (under `.strict`, or where the encoding has no `?` either), with
    ///   `.unknownEncoding` where the system lacks the encoding, `.system` when it has no memory or descriptor left.
    ///
    /// C: `iconv(3)`.
    public func encoded(
        as encoding: TextEncoding = .utf8, errors: TextErrorPolicy = .strict
    ) throws(TextError) -> [UInt8] {
        if encoding == .utf8 { return Array(utf8) }
        var encoder = try TextEncoder(encoding, errors: errors)
        var bytes = try encoder.encode(self)
        bytes += try encoder.finish()
        return bytes
    }
}

extension StaticString {
    /// The UTF-8 bytes of a literal, as they stand in the program's image: nothing is copied or allocated.
    /// ```swift
    /// let greeting: StaticString = "Thank you for connecting\r\n"
    /// try client.sendAll(greeting.bytes)
    /// ```
    /// - Precondition: ``hasPointerRepresentation``, which holds for every value written as a string literal.
    public var bytes: RawSpan {
        @_lifetime(immortal)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), copying: ())
        }
    }
}
