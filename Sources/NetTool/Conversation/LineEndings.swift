// SPDX-License-Identifier: Apache-2.0

/// Turns each LF into CR LF, but not one that has its CR, wherever the text is cut.
struct LineEndings {
    private var last: UInt8 = 0

    mutating func expanded(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 16)
        for byte in bytes {
            if byte == 0x0A && last != 0x0D { result.append(0x0D) }
            result.append(byte)
            last = byte
        }
        return result
    }
}
