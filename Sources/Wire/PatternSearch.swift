// SPDX-License-Identifier: Apache-2.0

/// A search that goes on where it stopped when more bytes have come: each byte is looked at once, also where a pattern
/// is cut in the middle.
struct PatternSearch: Sendable {
    /// How many bytes have been looked at.
    private(set) var position: Int
    /// How many of those, the last ones, are the beginning of the pattern.
    private(set) var matched = 0

    init(from position: Int = 0) { self.position = position }

    /// The offset of the pattern, once it ends before `limit`; nil when what is there does not hold it.
    mutating func advance(
        in buffer: borrowing ByteBuffer, for pattern: BytePattern, before limit: Int = .max
    ) -> Int? {
        let end = min(buffer.count, limit)
        while position < end {
            if matched > 0 {
                matched = pattern.extended(matched, by: buffer[position])
                position += 1
            } else if let first = buffer.firstIndex(of: pattern.bytes[0], from: position, before: end) {
                (position, matched) = (first + 1, 1)
            } else {
                position = end
            }
            if matched == pattern.bytes.count { return position - matched }
        }
        return nil
    }
}
