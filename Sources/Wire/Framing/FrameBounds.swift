// SPDX-License-Identifier: Apache-2.0

/// Where in a buffer a frame stands.
public struct FrameBounds: Hashable, Sendable {
    /// The offsets of what the frame carries, without its header, end or delimiter.
    public let payload: Range<Int>
    /// How many bytes the whole frame has: what is to be consumed.
    public let byteCount: Int

    /// Describes a frame at the front of a buffer.
    ///
    /// - Precondition: `payload` lies within the first `byteCount` bytes.
    public init(payload: Range<Int>, byteCount: Int) {
        precondition(payload.lowerBound >= 0 && payload.upperBound <= byteCount, "a payload lies within its frame")
        self.payload = payload
        self.byteCount = byteCount
    }
}
