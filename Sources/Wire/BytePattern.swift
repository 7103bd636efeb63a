// SPDX-License-Identifier: Apache-2.0

/// Bytes to look for, prepared so that finding them takes linear time whatever they and the searched bytes are.
public struct BytePattern: Hashable, Sendable {
    /// The bytes, at least one.
    public let bytes: [UInt8]

    /// For each beginning of `bytes`, by its length less one: the length of the longest shorter beginning that it ends
    /// with. After a mismatch that much is still matched, so the search never goes back (Knuth, Morris and Pratt).
    let borders: [Int]

    /// Prepares the search for `bytes`.
    ///
    /// - Precondition: `bytes` is not empty.
    public init(_ bytes: some Collection<UInt8>) {
        precondition(!bytes.isEmpty, "there is no place of no bytes")
        self.bytes = Array(bytes)
        var borders = [0]
        for byte in self.bytes.dropFirst() {
            borders.append(Self.extended(borders[borders.count - 1], by: byte, self.bytes, borders))
        }
        self.borders = borders
    }

    /// How much of the beginning is matched once `byte` has followed a match of `matched` bytes, fewer than all.
    func extended(_ matched: Int, by byte: UInt8) -> Int { Self.extended(matched, by: byte, bytes, borders) }

    private static func extended(_ matched: Int, by byte: UInt8, _ bytes: [UInt8], _ borders: [Int]) -> Int {
        var matched = matched
        while matched > 0, bytes[matched] != byte { matched = borders[matched - 1] }
        return bytes[matched] == byte ? matched + 1 : 0
    }
}
