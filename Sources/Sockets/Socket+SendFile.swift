// SPDX-License-Identifier: Apache-2.0
public import SystemPackage

extension Socket {
    /// The most bytes that one step of ``sendFile(_:from:count:)`` moves.
    static let sendFileStep = 1 << 30

    /// The most that one attempt on a loop moves. A socket that does not wait is no bound: the kernel goes on for as
    /// long as the peer makes room, and a peer as fast as the file would have the loop for itself (measured: a second
    /// and a half for 250 MiB). nginx: `sendfile_max_chunk`.
    package static let sendFileAttempt = 256 << 10

    /// Sends bytes of an open file, inside the kernel where it can and through memory where it can't (a pipe, a
    /// terminal, a file system without pages). The file's own position does not matter and does not change.
    ///
    /// - Parameters:
    ///   - offset: where to begin; 0 or more.
    ///   - count: how many bytes; nil up to the end of the file.
    /// - Returns: how many bytes went: fewer than `count` only if the file ended before.
    /// - Throws: as ``sendAll(_:flags:)-(RawSpan,_)``, with the file's own errors as `.system`; `.invalid` for a
    ///   negative offset or count. Some bytes may have been sent.
    ///
    /// C: `sendfile(2)`.
    @discardableResult
    public func sendFile(_ file: FileDescriptor, from offset: Int64 = 0, count: Int64? = nil) throws(SocketError)
        -> Int64
    {
        if offset < 0 || count ?? 0 < 0 {
            let text = "\(count.map { "\($0)" } ?? "all") bytes from offset \(offset) are no part of a file"
            throw SocketError(.sendFile, .invalid(text))
        }
        var position = Int(offset)
        var patience = Patience(timeLimit)
        var sent: Int64 = 0
        while count.map({ sent < $0 }) ?? true {
            let step = Int(min(count.map { $0 - sent } ?? .max, Int64(Self.sendFileStep)))
            let moved: Int
            do throws(SocketError) {
                moved = try attempt(.sendFile, Constants.pollOut, &patience) { () throws(Errno) in
                    try SystemCalls.sendFile(number, from: file.rawValue, at: &position, count: step)
                }
            } catch {
                guard sent == 0, error.reason.meansNoSendFile else { throw error }
                return try copy(file, from: offset, count: count, &patience)
            }
            if moved == 0 { break }
            sent += Int64(moved)
        }
        return sent
    }

    /// Sends what fits now of an open file, by the kernel alone, and at most ``sendFileAttempt`` bytes.
    ///
    /// - Parameters:
    ///   - position: where in the file; it moves on by what went.
    ///   - count: the most that goes.
    /// - Returns: `.ended` at the end of the file.
    /// - Throws: as ``sendFile(_:from:count:)``; ``SocketError/Reason/unsupported(_:)`` for a file that the kernel
    ///   can't send: go through memory.
    ///
    /// C: `sendfile(2)` on a non-blocking socket.
    package func sendFileNow(
        _ file: FileDescriptor, at position: inout Int64, upTo count: Int64
    ) throws(SocketError) -> TransferAttempt {
        var offset = Int(position)
        do throws(Errno) {
            let step = Int(min(count, Int64(Self.sendFileAttempt)))
            let moved = try SystemCalls.sendFile(number, from: file.rawValue, at: &offset, count: step)
            position = Int64(offset)
            return moved == 0 ? .ended : .moved(moved)
        } catch {
            if error == .wouldBlock { return .wouldBlock }
            // The file may have failed, or the peer.
            let text = "descriptor \(file.rawValue)" + (peer.map { " to \($0)" } ?? "")
            let failure = SocketError(.sendFile, error: error, subject: text)
            throw failure.reason.meansNoSendFile
                ? SocketError(.sendFile, .unsupported(error), subject: failure.subject) : failure
        }
    }

    /// The same through memory, a piece at a time.
    private func copy(
        _ file: FileDescriptor, from offset: Int64, count: Int64?, _ patience: inout Patience
    ) throws(SocketError) -> Int64 {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var sent: Int64 = 0
        while true {
            let room = Int(min(count.map { $0 - sent } ?? .max, Int64(buffer.count)))
            if room == 0 { return sent }
            let got: Int
            do throws(Errno) {
                got = try unsafe buffer.withUnsafeMutableBufferPointer { (buffer) throws(Errno) in
                    let part = unsafe UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<room])
                    return try unsafe SystemCalls.read(file.rawValue, into: part, at: offset + sent)
                }
            } catch {
                throw SocketError(.sendFile, error: error, subject: "descriptor \(file.rawValue)")
            }
            if got == 0 { return sent }
            let piece = unsafe buffer.span.extracting(first: got).bytes
            var done = 0
            while done < got { done += try send(some: piece.extracting(droppingFirst: done), [], &patience) }
            sent += Int64(got)
        }
    }
}

extension SocketError.Reason {
    /// The kernel can't copy from this kind of file.
    fileprivate var meansNoSendFile: Bool {
        switch self {
        case .system(.invalidArgument), .unsupported, .system(.illegalSeek), .system(.overflow): true
        default: false
        }
    }
}
