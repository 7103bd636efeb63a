// SPDX-License-Identifier: Apache-2.0

/// What passes in one direction, sixteen bytes a line: where they are, what they are, and how they read.
struct HexDump {
    /// Which direction.
    let mark: Character
    private var offset = 0

    init(mark: Character) { self.mark = mark }

    /// The lines of the bytes that come next, each with its end.
    mutating func lines(of bytes: [UInt8]) -> String {
        var lines = ""
        for start in stride(from: 0, to: bytes.count, by: 16) {
            let row = bytes[start..<min(start + 16, bytes.count)]
            let digits = row.map { Self.hexadecimal(Int($0), width: 2) }.joined(separator: " ")
            let padding = String(repeating: " ", count: 47 - digits.count)
            let text = row.map { (0x20..<0x7F).contains($0) ? Character(Unicode.Scalar($0)) : "." }
            lines += "\(mark) \(Self.hexadecimal(offset, width: 8))  \(digits)\(padding)  |\(String(text))|\n"
            offset += row.count
        }
        return lines
    }

    private static func hexadecimal(_ number: Int, width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
