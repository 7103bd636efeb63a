// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Synchronization

extension DatagramSocket {
    /// Waits for a datagram.
    ///
    /// A socket without a peer hears nothing of what became of the datagrams that it sent. One with a peer does: the
    /// error is told once, and the socket goes on.
    ///
    /// - Throws: `.closed`, `.cancelled`, `.timedOut`, `.busy`; with a peer ``SocketError/isConnectionRefused``,
    ///   ``SocketError/isUnreachable``. Nothing is lost by any of them.
    ///
    /// C: `recvmsg(2)`.
    public nonisolated(nonsending) func receive() async throws(SocketError) -> Datagram {
        if !loop.isCurrent { return try await receiveElsewhere() }
        while true {
            if let datagram = try takeWaiting() { return datagram }
            try await waitUntilReadable()
            try fillBacklog()
        }
    }

    /// Waits for a datagram, and takes those that wait behind it with it: for whoever answers many at once
    /// (``send(_:)-([OutgoingDatagram])``). The sequence, and ``receive()``, receive many with one call under load too.
    ///
    /// - Parameter maximum: how many at most, from 1; never more than ``maximumBatch``.
    /// - Returns: at least one, in the order in which they came.
    /// - Throws: as ``receive()``; `.invalid` for a maximum below 1.
    ///
    /// C: `recvmmsg(2)`.
    public nonisolated(nonsending) func receiveBatch(
        upTo maximum: Int = DatagramSocket.maximumBatch
    ) async throws(SocketError) -> [Datagram] {
        if maximum < 1 { throw SocketError(.receive, .invalid("at most \(maximum) datagrams can't be received")) }
        if !loop.isCurrent {
            return try await loop.run(async: { [self] () async throws(SocketError) in
                try await receiveBatch(upTo: maximum)
            })
        }
        while true {
            if unsafe !backlog.isEmpty {
                try transport.checkReceiving()
                let batch = unsafe backlog.take(upTo: maximum)
                received.wrappingAdd(batch.count, ordering: .relaxed)
                return batch
            }
            try await waitUntilReadable()
            // Who asks for many is given many.
            unsafe backlog.expectMany()
            try fillBacklog()
        }
    }

    /// Waits for a datagram, and puts it into the caller's memory, behind what is there. On the socket's loop nothing
    /// is allocated, unless ``Options/tellsPath`` was asked for.
    ///
    /// - Returns: what is known of the datagram; it may be empty, and it is truncated where it did not fit.
    /// - Throws: as ``receive()``; `.invalid` where there is no room.
    public nonisolated(nonsending) func receive(
        into output: inout OutputRawSpan
    ) async throws(SocketError) -> DatagramHead {
        if output.isFull { throw SocketError(.receive, .invalid("there must be room for at least 1 byte")) }
        if !loop.isCurrent { return try await copy(receiveElsewhere(), to: &output) }
        while true {
            if let datagram = try takeWaiting() { return copy(datagram, to: &output) }
            if let head = try transport.receiveNow(into: &output) {
                received.wrappingAdd(1, ordering: .relaxed)
                return head
            }
            try await waitUntilReadable()
        }
    }

    /// What came with others.
    private func takeWaiting() throws(SocketError) -> Datagram? {
        if unsafe backlog.isEmpty { return nil }
        try transport.checkReceiving()
        received.wrappingAdd(1, ordering: .relaxed)
        return unsafe backlog.take()
    }

    private func fillBacklog() throws(SocketError) {
        try unsafe backlog.fill { (width, batch) throws(SocketError) in
            if maximumLength <= BufferPool.bufferSize {
                try transport.receiveNow(upTo: width, of: maximumLength, into: &batch)
            } else if let datagram = try receiveLargeNow() {
                batch.append(datagram)
            }
        }
    }

    /// One that may not fit into the loop's memory: only UNIX sockets have such.
    private func receiveLargeNow() throws(SocketError) -> Datagram? {
        var head: DatagramHead?
        let bytes = try [UInt8].filled(capacity: maximumLength) { output throws(SocketError) in
            head = try transport.receiveNow(into: &output)
        }
        guard let head else { return nil }
        return Datagram(bytes: bytes, head: head)
    }

    // MARK: From outside of the loop

    @concurrent private func receiveElsewhere() async throws(SocketError) -> Datagram {
        try await loop.run(async: { [self] () async throws(SocketError) in try await receive() })
    }

    private func copy(_ datagram: Datagram, to output: inout OutputRawSpan) -> DatagramHead {
        let head = datagram.head
        let count = Swift.min(datagram.bytes.count, output.freeCapacity)
        for byte in datagram.bytes.prefix(count) { unsafe output.append(byte, as: UInt8.self) }
        return DatagramHead(count: count, length: head.length, sender: head.sender, path: head.path)
    }
}

/// A sequence of what arrives. It ends when the socket is closed.
extension DatagramSocket: AsyncSequence {
    /// What arrives.
    public typealias Element = Datagram
    /// As ``receive()``, but for `.closed`.
    public typealias Failure = SocketError

    /// Takes one datagram after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let socket: DatagramSocket

        /// Waits for a datagram; nil once the socket is closed. After an error the next call goes on.
        ///
        /// - Throws: as ``DatagramSocket/receive()``, but for `.closed`.
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)? = #isolation
        ) async throws(SocketError) -> Datagram? {
            do throws(SocketError) { return try await socket.receive() } catch {
                if error.reason == .closed { return nil }
                throw error
            }
        }
    }

    /// An iterator; two of them take turns as two tasks that receive do: the second one that waits gets `.busy`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(socket: self) }
}
