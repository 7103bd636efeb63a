// SPDX-License-Identifier: Apache-2.0

extension RawSpan {
    /// At most `maximumLength` of the bytes in double quotes, safe to print: what is not plain ASCII is `\x` and two
    /// digits, and `…` stands for what was cut.
    package func quoted(maximumLength: Int = 32) -> String {
        var text = "\""
        for offset in 0..<Swift.min(byteCount, maximumLength) {
            let byte = unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            let isPlain = (0x20..<0x7F).contains(byte) && byte != 0x22 && byte != 0x5C
            let digits = String(byte, radix: 16)
            text += isPlain ? String(Unicode.Scalar(byte)) : "\\x\(byte < 16 ? "0" : "")\(digits)"
        }
        return text + (byteCount > maximumLength ? "…\"" : "\"")
    }
}
