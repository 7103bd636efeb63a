// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
    /// The offset of the first byte equal to `byte` at or behind the offset `from` and before `limit`, or nil. Sixteen
    /// bytes are compared at a time.
    ///
    /// - Precondition: `from` is not negative. It and `limit` may lie behind the end.
    @inline(__always)
    public func firstIndex(of byte: UInt8, from: Int = 0, before limit: Int = .max) -> Int? {
        precondition(from >= 0, "an offset is not negative")
        let end = min(count, limit)
        return from < end ? bytes.firstIndex(of: byte, in: from..<end) : nil
    }

    /// The offset of the first occurrence of `pattern` that begins at or behind the offset `from`, or nil. Linear in
    /// what is searched, for every pattern.
    ///
    /// - Precondition: `from` is not negative. It may lie behind the end.
    public func firstIndex(of pattern: BytePattern, from: Int = 0) -> Int? {
        precondition(from >= 0, "an offset is not negative")
        var search = PatternSearch(from: from)
        return search.advance(in: self, for: pattern)
    }

    /// The offset of the first occurrence of `bytes`, as ``firstIndex(of:from:)-(BytePattern,_)``. Who looks for the
    /// same bytes again and again keeps a ``BytePattern``.
    ///
    /// - Precondition: `bytes` is not empty, and `from` not negative.
    public func firstIndex(of bytes: [UInt8], from: Int = 0) -> Int? {
        firstIndex(of: BytePattern(bytes), from: from)
    }
}
