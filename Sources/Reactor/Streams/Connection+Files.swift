// SPDX-License-Identifier: Apache-2.0
public import Sockets
public import SystemPackage

extension Connection {
    /// Sends bytes of an open file, inside the kernel where a socket carries the connection and the file allows it,
    /// through memory elsewhere. The file's own position does not matter and does not change. Pages that are not in
    /// memory are read from the disk meanwhile, and the loop waits for them; for what comes by a pipe only the caller
    /// waits, and a ``close()`` is noticed when that has come.
    ///
    /// - Parameters:
    ///   - offset: where to begin; 0 or more.
    ///   - count: how many bytes; nil up to the end of the file.
    /// - Returns: how many bytes went: fewer than `count` only if the file ended before.
    /// - Throws: as ``send(_:)-(RawSpan)``, with the file's own errors as `.system`; `.invalid` for a negative offset
    ///   or count. Some bytes may have been sent, and nobody knows how many the peer has seen: the file can go on only
    ///   over another connection, from where the peer says.
    ///
    /// C: `sendfile(2)`. Python: `loop.sendfile`.
    @discardableResult
    public nonisolated(nonsending) func sendFile(
        _ file: FileDescriptor, from offset: Int64 = 0, count: Int64? = nil
    ) async throws(SocketError) -> Int64 {
        if offset < 0 || count ?? 0 < 0 {
            let text = "\(count.map { "\($0)" } ?? "all") bytes from offset \(offset) are no part of a file"
            throw SocketError(.sendFile, .invalid(text))
        }
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in
                try await sendFile(file, from: offset, count: count)
            })
        }
        var position = offset
        let end = count.map { offset.addingReportingOverflow($0) }.flatMap { $0.overflow ? nil : $0.partialValue }
        do throws(SocketError) { try await sendPages(of: file, from: &position, to: end ?? .max) } catch {
            guard case .unsupported = error.reason else { throw error }
            try await sendCopies(of: file, from: &position, to: end ?? .max)
        }
        return position - offset
    }

    /// The kernel's way.
    private nonisolated(nonsending) func sendPages(
        of file: FileDescriptor, from position: inout Int64, to end: Int64
    ) async throws(SocketError) {
        while position < end {
            var next = position
            let attempt = try transport.onSocket(.sending) { socket throws(SocketError) in
                let attempt = try socket.sendFileNow(file, at: &next, upTo: end - next)
                if attempt == .wouldBlock { throw SocketError(.sendFile, .wouldBlock) }
                return attempt
            }
            if next > position { transport.noteMoved(Int(next - position), .sending) }
            position = next
            if attempt == .ended { return }
            if attempt == nil { try await waitUntilWritable() }
        }
    }

    /// Through memory, a piece at a time.
    private nonisolated(nonsending) func sendCopies(
        of file: FileDescriptor, from position: inout Int64, to end: Int64
    ) async throws(SocketError) {
        while position < end {
            let room = Int(min(end - position, Int64(BufferPool.bufferSize)))
            let offset = position
            try await waitUntilReadable(file)
            let piece = try [UInt8].filled(capacity: room) { output throws(SocketError) in
                do throws(Errno) { _ = try SystemCalls.read(file.rawValue, into: &output, at: offset) } catch {
                    throw SocketError(.sendFile, error: error, subject: "descriptor \(file.rawValue)")
                }
            }
            if piece.isEmpty { return }
            try await send(piece)
            position += Int64(piece.count)
        }
    }

    /// Waits for what is no regular file and has nothing to be read: reading would hold the loop.
    private nonisolated(nonsending) func waitUntilReadable(_ file: FileDescriptor) async throws(SocketError) {
        do throws(Errno) { if try SystemCalls.isReady(file.rawValue, for: .readable) { return } } catch {
            throw SocketError(.sendFile, error: error, subject: "descriptor \(file.rawValue)")
        }
        do throws(SocketError) { try await loop.waitUntilReadable(file, until: writeDeadline) } catch {
            throw SocketError(.sendFile, error.reason, subject: error.subject)
        }
    }
}
