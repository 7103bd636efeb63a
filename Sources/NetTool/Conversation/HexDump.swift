// SPDX-License-Identifier: Apache-2.0

/// What passes in one direction, sixteen bytes a line: where they are, what they are, and how they read.
struct HexDump {
    /// Which direction.
    let mark: Character
    private var offset = 0

    init(mark: Character) { self.mark = mark }

    /// The lines of the bytes that come next, each with its end.
    mutating func lines(of bytes: [UInt8]) -> String {
        // A byte at a time into one array: strings put together of strings made 2 MB a second.
        var lines: [UInt8] = []
        lines.reserveCapacity((bytes.count / Self.width + 1) * Self.longestLine)
        for start in stride(from: 0, to: bytes.count, by: Self.width) {
            append(bytes[start..<min(start + Self.width, bytes.count)], to: &lines)
        }
        return String(decoding: lines, as: UTF8.self)
    }

    /// How many bytes a line shows.
    private static let width = 16
    /// Room for a line: the mark, the offset, three places a byte for digits and one for text, the rest between them.
    private static let longestLine = 96

    private mutating func append(_ row: ArraySlice<UInt8>, to lines: inout [UInt8]) {
        lines += String(mark).utf8
        lines.append(Self.space)
        for shift in stride(from: Self.firstShift(of: offset), through: 0, by: -4) {
            lines.append(Self.digit(offset >> shift))
        }
        lines.append(Self.space)
        for byte in row {
            lines += [Self.space, Self.digit(Int(byte) >> 4), Self.digit(Int(byte))]
        }
        lines += repeatElement(Self.space, count: 3 * (Self.width - row.count) + 2)
        lines.append(Self.bar)
        lines += row.lazy.map { (0x20..<0x7F).contains($0) ? $0 : Self.dot }
        lines += [Self.bar, Self.end]
        offset += row.count
    }

    /// Eight digits, or as many as the number has.
    private static func firstShift(of number: Int) -> Int {
        max(28, (Int.bitWidth - 1 - number.leadingZeroBitCount) & ~3)
    }

    /// The last four bits, in hexadecimal.
    private static func digit(_ number: Int) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: number & 0xF)
        return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }

    private static let space = UInt8(ascii: " ")
    private static let bar = UInt8(ascii: "|")
    private static let dot = UInt8(ascii: ".")
    private static let end = UInt8(ascii: "\n")
}
