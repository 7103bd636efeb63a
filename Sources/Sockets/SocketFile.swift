// SPDX-License-Identifier: Apache-2.0

/// A stream socket read and written like a file: by line, by exact count, up to a delimiter, with buffers in both
/// directions. Python's `makefile`.
///
/// ```swift
/// let file = SocketFile(try Socket.connecting(to: "localhost:9999"))
/// try file.write("hello\r\n")
/// try file.flush()
/// while let line = try file.readLine() { print(String(decoding: line, as: UTF8.self)) }
/// ```
///
/// Every buffer has a limit. What a call read and could not use stays buffered: after an error the next call sees the
/// same bytes. Writing collects up to ``writeCapacity`` bytes, unless told otherwise; **flush, or finish writing**, or
/// what is collected is lost with the object. One thread at a time.
public final class SocketFile {
    /// The longest line, without its end, unless a call says otherwise.
    public static let maximumLineLength = 16_384
    /// Bytes that are collected before they are sent, unless another number is given.
    public static let writeCapacity = 8192
    /// Bytes that are asked for at a time, unless another number is given.
    public static let readSize = 16_384

    /// The socket below. What is read from it directly passes the buffer by.
    public let shared: SharedSocket

    private var input: [UInt8] = []
    /// Where the unread bytes begin.
    private var start = 0
    private var hasEnded = false
    private var output: [UInt8] = []
    private let readSize: Int
    private let writeCapacity: Int

    /// Reads and writes a socket that others may hold too; it closes when the last of them lets go.
    ///
    /// - Parameters:
    ///   - readSize: bytes that are asked for at a time, at least 1. With 1 nothing is read ahead, so that what the
    ///     file has not given is still the socket's; at the price of a system call a byte.
    ///   - writeCapacity: bytes that are collected before they are sent; with 0 each write is sent at once.
    public init(
        _ shared: SharedSocket, readSize: Int = SocketFile.readSize, writeCapacity: Int = SocketFile.writeCapacity
    ) {
        self.shared = shared
        self.readSize = max(1, readSize)
        self.writeCapacity = max(0, writeCapacity)
    }

    /// Takes a socket over.
    public convenience init(_ socket: consuming Socket) { self.init(SharedSocket(socket)) }

    // MARK: Reading

    /// The next line without its end (LF, or CR LF); a last line that has no end counts. Nil at the end of the stream.
    ///
    /// - Throws: `.tooLong` for a line of more than `maximumLength` bytes; its bytes stay.
    public func readLine(maximumLength: Int = SocketFile.maximumLineLength) throws(SocketError) -> [UInt8]? {
        guard let end = try lineEnd(maximumLength) else { return nil }
        var line = take(end)
        if line.last == 0x0A { line.removeLast(line.count > 1 && line[line.count - 2] == 0x0D ? 2 : 1) }
        return line
    }

    /// The next line as text, decoded strictly.
    ///
    /// - Throws: as ``readLine(maximumLength:)``; `.invalid` for a line that is no text in this encoding, which is
    ///   lost.
    public func readLine(
        as encoding: TextEncoding, maximumLength: Int = SocketFile.maximumLineLength
    ) throws(SocketError) -> String? {
        guard let line = try readLine(maximumLength: maximumLength) else { return nil }
        do throws(TextError) { return try line.decoded(as: encoding) } catch {
            throw SocketError(.receive, .invalid("\(error)"), subject: shared.socket.subject)
        }
    }

    /// Everything up to and with a delimiter; at the end of the stream what is left. Nil when nothing is.
    ///
    /// - Precondition: the delimiter is not empty.
    /// - Throws: `.tooLong` when the delimiter does not begin within `maximumLength` bytes; they stay.
    public func read(until delimiter: [UInt8], maximumLength: Int) throws(SocketError) -> [UInt8]? {
        precondition(!delimiter.isEmpty, "a delimiter has at least one byte")
        var searched = 0
        while true {
            if let end = firstIndex(of: delimiter, from: searched) {
                if end > maximumLength { throw tooLong(maximumLength) }
                return take(end + delimiter.count)
            }
            searched = max(0, available - delimiter.count + 1)
            if searched > maximumLength { throw tooLong(maximumLength) }
            if try !fill() { return available == 0 ? nil : take(available) }
        }
    }

    /// Exactly so many bytes.
    ///
    /// - Throws: `.ended` when the stream ends before, with the bytes left to be read; `.invalid` for a negative count.
    public func read(exactly count: Int) throws(SocketError) -> [UInt8] {
        if count < 0 {
            throw SocketError(.receive, .invalid("\(count) bytes can't be read"), subject: shared.socket.subject)
        }
        while available < count {
            if try !fill() {
                throw SocketError(.receive, .ended(after: available, of: count), subject: shared.socket.subject)
            }
        }
        return take(count)
    }

    /// What is there, at least 1 byte and at most `maximum`; nil at the end of the stream.
    ///
    /// - Throws: `.invalid` for a maximum below 1.
    public func read(upTo maximum: Int) throws(SocketError) -> [UInt8]? {
        if maximum < 1 {
            throw SocketError(
                .receive, .invalid("at most \(maximum) bytes can't be read"), subject: shared.socket.subject)
        }
        if available == 0, try !fill() { return nil }
        return take(min(available, maximum))
    }

    /// Everything up to the end of the stream.
    ///
    /// - Throws: `.tooLong` when that is more than `maximumLength` bytes; they stay.
    public func readToEnd(maximumLength: Int) throws(SocketError) -> [UInt8] {
        repeat {
            if available > maximumLength { throw tooLong(maximumLength) }
        } while try fill()
        return take(available)
    }

    // MARK: Writing

    /// Collects bytes, and sends what is collected once that is as much as the file collects.
    ///
    /// - Throws: as ``flush()``.
    public func write(_ bytes: some Collection<UInt8>) throws(SocketError) {
        output.append(contentsOf: bytes)
        if output.count >= writeCapacity { try flush() }
    }

    /// Collects text, as UTF-8.
    ///
    /// - Throws: as ``flush()``.
    public func write(_ text: String) throws(SocketError) { try write(text.utf8) }

    /// Sends what is collected.
    ///
    /// - Throws: as ``Socket/sendAll(_:flags:)-(RawSpan,_)``. What was not sent stays collected.
    public func flush() throws(SocketError) {
        var sent = 0
        defer { output.removeFirst(sent) }
        var patience = Patience(shared.socket.timeLimit)
        while sent < output.count {
            sent += try shared.socket.send(
                some: unsafe output.span.bytes.extracting(droppingFirst: sent), [], &patience)
        }
    }

    /// Flushes and ends the sending direction: the peer sees the end of the stream.
    ///
    /// - Throws: as ``flush()`` and ``Socket/shutdown(_:)``.
    public func finishWriting() throws(SocketError) {
        try flush()
        try shared.socket.shutdown(.sending)
    }

    // MARK: The buffer

    /// How many bytes the next line has with its end; nil at the end of the stream.
    private func lineEnd(_ limit: Int) throws(SocketError) -> Int? {
        var searched = 0
        while true {
            if let newline = firstIndex(of: [0x0A], from: searched) {
                let hasReturn = newline > 0 && input[start + newline - 1] == 0x0D
                if newline - (hasReturn ? 1 : 0) > limit { throw tooLong(limit) }
                return newline + 1
            }
            searched = available
            // The limit speaks of the line itself: one byte more may be the CR of its end.
            if searched > limit && (searched - 1 > limit || input.last != 0x0D) { throw tooLong(limit) }
            if try !fill() {
                if available > limit { throw tooLong(limit) }
                return available == 0 ? nil : available
            }
        }
    }

    private var available: Int { input.count - start }

    private func take(_ count: Int) -> [UInt8] {
        defer {
            start += count
            if start == input.count {
                input.removeAll(keepingCapacity: true)
                start = 0
            }
        }
        return Array(input[start..<start + count])
    }

    /// Receives once more; false at the end of the stream.
    private func fill() throws(SocketError) -> Bool {
        if hasEnded { return false }
        guard let bytes = try shared.socket.receive(upTo: readSize) else {
            hasEnded = true
            return false
        }
        // Moving the rest to the front only when it is the smaller half keeps the cost linear.
        if start > input.count / 2 {
            input.removeFirst(start)
            start = 0
        }
        input.append(contentsOf: bytes)
        return true
    }

    /// Where a delimiter begins, counted from the unread bytes, looking from `offset` on.
    private func firstIndex(of delimiter: [UInt8], from offset: Int) -> Int? {
        var index = start + offset
        while let found = input[index...].firstIndex(of: delimiter[0]) {
            if input.count - found < delimiter.count { return nil }
            if input[found..<found + delimiter.count].elementsEqual(delimiter) { return found - start }
            index = found + 1
        }
        return nil
    }

    private func tooLong(_ limit: Int) -> SocketError {
        SocketError(.receive, .tooLong(limit), subject: shared.socket.subject)
    }
}
