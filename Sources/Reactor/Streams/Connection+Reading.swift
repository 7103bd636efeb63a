// SPDX-License-Identifier: Apache-2.0
public import Sockets
public import Wire

/// Reading by count and by delimiter, with the connection's own buffer. The plain receives are in
/// `Connection+Receiving.swift`, frames and lines in ``FramedConnection``.
extension Connection {
    /// Waits for exactly so many bytes, 0 for none.
    ///
    /// - Throws: `.ended` when the stream ends before, with what came left unread; `.invalid` for a negative count; as
    ///   ``receive()``, and nothing is lost by it.
    public nonisolated(nonsending) func read(exactly count: Int) async throws(SocketError) -> [UInt8] {
        if count < 0 { throw SocketError(.receive, .invalid("\(count) bytes can't be read")) }
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in try await read(exactly: count) })
        }
        try checkNobodyReads()
        while unread.bytes.count < count {
            if try await fill() { continue }
            let reason = SocketError.Reason.ended(after: unread.bytes.count, of: count)
            throw SocketError(.receive, reason, subject: peer.map { "\($0)" })
        }
        return unread.take(count)
    }

    /// Waits for everything up to and with a delimiter; at the end of the stream what is left. Nil when nothing is.
    ///
    /// - Precondition: the delimiter is not empty, and `maximumLength` is not negative.
    /// - Throws: `.tooLong` when the delimiter does not begin within `maximumLength` bytes; as ``receive()``. The bytes
    ///   stay unread.
    public nonisolated(nonsending) func read(
        until delimiter: [UInt8], maximumLength: Int = DelimiterFramer.defaultLimit
    ) async throws(SocketError) -> [UInt8]? {
        try await read(untilAnyOf: [delimiter], maximumLength: maximumLength)
    }

    /// The same with several delimiters, of which the one counts that ends first. Python: `readuntil` with a tuple.
    ///
    /// - Precondition: there is a delimiter, none is empty, and `maximumLength` is not negative.
    /// - Throws: as ``read(until:maximumLength:)``.
    public nonisolated(nonsending) func read(
        untilAnyOf delimiters: [[UInt8]], maximumLength: Int = DelimiterFramer.defaultLimit
    ) async throws(SocketError) -> [UInt8]? {
        precondition(!delimiters.isEmpty, "a delimiter is needed")
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in
                try await read(untilAnyOf: delimiters, maximumLength: maximumLength)
            })
        }
        try checkNobodyReads()
        var framers = delimiters.map { DelimiterFramer($0, limit: maximumLength) }
        while true {
            if let end = try firstEnd(&framers, maximumLength) { return unread.take(end) }
            if try await fill() { continue }
            return unread.bytes.isEmpty ? nil : unread.take(unread.bytes.count)
        }
    }

    /// What has come and nobody has read, at once: what belongs to the next protocol, or is to be thrown away.
    /// ``receive()`` gives the same bytes first, and waits where there are none.
    ///
    /// - Throws: `.busy` while a task reads.
    public nonisolated(nonsending) func takeUnread() async throws(SocketError) -> [UInt8] {
        try await loop.run { [self] () throws(SocketError) in
            try checkNobodyReads()
            return unread.take(unread.bytes.count)
        }
    }

    /// How many bytes there are to the end of the delimiter that ends first; nil while none has come.
    private func firstEnd(_ framers: inout [DelimiterFramer], _ limit: Int) throws(SocketError) -> Int? {
        var first: Int?
        var isHopeless = true
        for index in framers.indices {
            do throws(FramingError) {
                let found = try framers[index].locate(in: unread.bytes, atEnd: false)
                if let end = found?.byteCount { first = min(end, first ?? end) }
                isHopeless = false
            } catch {
                // This one is too far away; another, which is longer, may still begin in time.
            }
        }
        if isHopeless { throw SocketError(.receive, .tooLong(limit), subject: peer.map { "\($0)" }) }
        return first
    }

    /// Waits for more unread bytes; false at the end of the stream, or of everything.
    nonisolated(nonsending) func fill() async throws(SocketError) -> Bool {
        while true {
            switch try fillNow() {
            case .moved: return true
            case .ended: return false
            case .wouldBlock: guard try await waitToFill(readDeadline) else { return false }
            }
        }
    }
}
