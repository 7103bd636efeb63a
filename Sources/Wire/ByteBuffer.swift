// SPDX-License-Identifier: Apache-2.0

// Facts:    a stream arrives in pieces that have nothing to do with its messages; what is read is taken from the
//           front, what arrives goes to the back. Removing from the front of an array moves all the rest each time.
// Hazard:   with small messages out of a big buffer, or a big message in small pieces, that makes the work quadratic,
//           and a peer can choose the pieces. A buffer that once held a big message, kept by every idle connection, is
//           how a server's memory goes.
// Decision: a read position. Bytes move to the front only when at least as many have been consumed since the last
//           move, growth doubles, and what is above `retainedCapacity` goes back once it stands mostly empty: each byte
//           is moved a constant number of times, whatever the pieces. Noncopyable, because the one use of a second
//           owner would be a copy that nobody saw; and so no reference count is touched, no uniqueness checked, and
//           the memory goes back at a moment that one can point at.
// Cost:     a codec that owns a buffer is noncopyable too.

/// Bytes that arrive at the back and are read from the front: what stands between a stream and its messages.
///
/// ```swift
/// var buffer = ByteBuffer()
/// buffer.append(contentsOf: "GET / HTTP/1.1\r\n".utf8)
/// if let end = buffer.firstIndex(of: 0x0A) {
///     let line = buffer.take(end + 1)
/// }
/// ```
///
/// Every offset counts from the first byte that has not been consumed. Appending, consuming and the moves that they
/// need take linear time altogether, for any pieces. The memory is at most twice the most bytes that were there at once
/// and what was asked for at once; above ``retainedCapacity`` it goes back when it is no longer needed. An empty
/// buffer that never held anything has no memory.
///
/// While a span of the buffer lives the buffer can't change: first find, then take.
@safe
public struct ByteBuffer: ~Copyable {
    /// Memory up to so many bytes is kept when the buffer empties, to be used again.
    public static let retainedCapacity = 65_536

    /// The memory, empty before the first byte. Bytes from `start` to `end` are initialized and unread.
    @usableFromInline private(set) var memory = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    @usableFromInline var start = 0
    @usableFromInline var end = 0

    /// Makes an empty buffer, without memory.
    public init() {}

    /// Makes a buffer that holds a copy of `bytes`.
    public init(_ bytes: some Collection<UInt8>) { append(contentsOf: bytes) }

    deinit { unsafe memory.deallocate() }

    /// How many bytes are there to be read.
    @inlinable
    public var count: Int { end &- start }

    /// Whether there is nothing to be read.
    @inlinable
    public var isEmpty: Bool { start == end }

    /// How many bytes of memory the buffer holds now, consumed ones included.
    public var capacity: Int { unsafe memory.count }

    /// The bytes to be read, where they lie.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(borrow self) get {
            let unread = unsafe UnsafeRawBufferPointer(
                start: memory.baseAddress.map { unsafe $0 + start }, count: count)
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: unread), borrowing: self)
        }
    }

    /// The byte at `offset` from the first unread one.
    ///
    /// - Precondition: `offset` is at least 0 and below ``count``.
    @inlinable
    public subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < count, "an offset lies within the unread bytes")
        return unsafe memory[start &+ offset]
    }

    // MARK: Appending

    /// Appends a copy of `bytes`. The buffer grows as it must: who appends what a stranger sends sets a limit, by
    /// ``append(_:limit:)`` or by a framer, which refuses long before.
    @inlinable
    public mutating func append(_ bytes: RawSpan) {
        makeRoom(for: bytes.byteCount)
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: source)
        }
        end &+= bytes.byteCount
    }

    /// Appends as many of `bytes`, from their beginning, as fit below `limit` bytes in the buffer.
    ///
    /// - Returns: how many those were; 0 when the buffer is full.
    public mutating func append(_ bytes: RawSpan, limit: Int) -> Int {
        let fitting = min(bytes.byteCount, room(below: limit))
        append(bytes.extracting(first: fitting))
        return fitting
    }

    /// Appends one byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        makeRoom(for: 1)
        unsafe memory[end] = byte
        end &+= 1
    }

    /// Appends a copy of `bytes`: an array, a slice, `"text".utf8`, any collection of bytes.
    @inlinable
    public mutating func append(contentsOf bytes: some Collection<UInt8>) {
        let inPlace: Void? = bytes.withContiguousStorageIfAvailable { unsafe append($0.span.bytes) }
        if inPlace == nil { for byte in bytes { append(byte) } }
    }

    /// Appends what `body` writes into at most `count` bytes of new memory: for a read straight into the buffer.
    ///
    /// When `body` throws, what it had written by then is appended.
    ///
    /// - Precondition: `count` is not negative.
    /// - Throws: what `body` throws.
    @inlinable
    public mutating func append<Result, Failure: Error>(
        addingCapacity count: Int, _ body: (inout OutputRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(count >= 0, "a negative number of bytes can't be appended")
        makeRoom(for: count)
        let free = unsafe UnsafeMutableRawBufferPointer(
            start: memory.baseAddress.map { unsafe $0 + end }, count: count)
        var output = unsafe OutputRawSpan(buffer: free, initializedCount: 0)
        do throws(Failure) {
            let result = try body(&output)
            end &+= unsafe output.finalize(for: free)
            return result
        } catch {
            end &+= unsafe output.finalize(for: free)
            throw error
        }
    }

    /// Removes the last `count` bytes again.
    mutating func withdraw(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "only unread bytes can be withdrawn")
        end -= count
    }

    /// How many bytes can be appended before the buffer holds `limit`; 0 when it holds more.
    public func room(below limit: Int) -> Int { limit > count ? limit - count : 0 }

    // MARK: Consuming

    /// Removes `count` bytes from the front.
    ///
    /// - Precondition: `count` is at least 0 and at most ``count``.
    @inlinable
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "only unread bytes can be consumed")
        start &+= count
        if isEmpty { (start, end) = (0, 0) }
        if unsafe memory.count > Self.retainedCapacity { giveBack() }
    }

    /// Removes `count` bytes from the front and returns a copy of them.
    ///
    /// - Precondition: `count` is at least 0 and at most ``count``.
    public mutating func take(_ count: Int) -> [UInt8] {
        let taken = array(0..<count)
        consume(count)
        return taken
    }

    /// Removes every byte.
    public mutating func removeAll() { consume(count) }

    /// A copy of the bytes at the offsets `range`.
    ///
    /// - Precondition: `range` lies within the unread bytes.
    public func array(_ range: Range<Int>) -> [UInt8] {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe Array($0) }
    }

    /// The bytes at the offsets `range` as UTF-8; each ill-formed piece becomes U+FFFD.
    ///
    /// - Precondition: `range` lies within the unread bytes.
    public func text(_ range: Range<Int>) -> String {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Memory

    /// Makes room for so many bytes more, so that appending them moves nothing.
    ///
    /// - Precondition: `count` is not negative.
    public mutating func reserve(_ count: Int) {
        precondition(count >= 0, "room for a negative number of bytes")
        makeRoom(for: count)
    }

    /// Gives back all memory that the unread bytes don't need: for a connection that falls idle.
    public mutating func releaseUnused() {
        if capacity > count { move(toCapacity: count) }
    }

    @inlinable
    mutating func makeRoom(for added: Int) {
        if unsafe memory.count &- end < added { rearrange(for: added) }
    }

    /// Finds room for `added` bytes: at the front, if a move there has been paid for by what was consumed, else in
    /// memory twice as large.
    @usableFromInline
    mutating func rearrange(for added: Int) {
        if start >= count, capacity - count >= added {
            unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
            (start, end) = (0, count)
        } else {
            move(toCapacity: max(count + added, 2 * count, Self.smallestCapacity))
        }
    }

    /// Halves the memory, or more, when at most a quarter of it is in use.
    @usableFromInline
    mutating func giveBack() {
        if isEmpty { return move(toCapacity: 0) }
        if count <= capacity / 4 { move(toCapacity: max(2 * count, Self.retainedCapacity)) }
    }

    private static let smallestCapacity = 64

    private mutating func move(toCapacity capacity: Int) {
        let (old, moved) = unsafe (memory, count)
        unsafe memory = .init(start: nil, count: 0)
        if capacity > 0 { unsafe memory = .allocate(byteCount: capacity, alignment: 16) }
        if moved > 0 { unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: old[start..<end])) }
        (start, end) = (0, moved)
        unsafe old.deallocate()
    }
}

// The memory has one owner, which moves between threads as a whole.
extension ByteBuffer: @unchecked Sendable {}
