// SPDX-License-Identifier: Apache-2.0

/// A number of bytes as it is written on a command line: `500`, `64K`, `1.5M`, `1G`, in powers of 1024.
struct ByteCount: Hashable, Sendable {
    /// At least 1.
    let bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    /// Reads a number of bytes.
    ///
    /// - Throws: why it is none, as the end of a sentence.
    init(_ text: String) throws(Malformed) {
        guard let written = NumberWithUnit(text), let unit = Self.units[written.unit.uppercased()] else {
            throw Malformed("bytes are a number, with K, M or G behind it for more: 500, 64K, 1.5M")
        }
        let count = written.number * unit
        guard count >= 1, count <= Self.maximum else { throw Malformed("that is not between 1 and 1024G bytes") }
        bytes = Int(count)
    }

    private static let units = ["": 1.0, "K": 1024, "M": 1_048_576, "G": 1_073_741_824]
    private static let maximum = 1024.0 * 1_073_741_824
}

/// A part of all as it is written on a command line: `1%`, `0.5%`.
struct Percentage: Hashable, Sendable {
    /// From 0 to 1.
    let fraction: Double

    /// Reads a percentage.
    ///
    /// - Throws: why it is none, as the end of a sentence.
    init(_ text: String) throws(Malformed) {
        guard text.hasSuffix("%"), text.dropLast().allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }),
            let percent = Double(text.dropLast()), percent <= 100
        else { throw Malformed("a part is written as in 1% or 0.5%, and is no more than 100%") }
        fraction = percent / 100
    }
}
