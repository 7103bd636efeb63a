// SPDX-License-Identifier: Apache-2.0
//
// Facts:    the kernel wants memory for the longest datagram that may come, for each of those that it may bring.
// Decision: buffers of the loop's, borrowed for the length of the call, as many as it takes: of short datagrams a few
//           dozen fit into one. What came is copied out, into an array each; what goes is copied in, behind each other.
import Sockets

/// Several datagrams with one call.
extension SocketDatagramTransport {
    package func receiveNow(
        upTo count: Int, of maximumLength: Int, into batch: inout [Datagram]
    ) throws(SocketError) {
        if count == 1 { return try receiveOneNow(of: maximumLength, into: &batch) }
        let socket = try open(.receive, reading)
        if !receiving.mayAttempt { return }
        let count = min(count, DatagramRoom.capacity)
        let room = loop.datagrams
        let memory = BorrowedBuffers(for: count, of: maximumLength, in: loop.buffers, room)
        defer { memory.giveBack(to: loop.buffers) }
        while receiving.mayAttempt {
            do throws(SocketError) {
                let came = try socket.socket.receiveDatagramsNow(into: room, upTo: count)
                if came == 0 {
                    if hasNothingToShow { emptyErrorQueue() }
                    receiving.noteBlocked()
                    return
                }
                hasNothingToShow = false
                receiving.noteSuccess(of: came)
                batch.reserveCapacity(batch.count + came)
                for index in 0..<came { batch.append(Datagram(bytes: room.bytes(index), head: room.head(index))) }
                return
            } catch {
                if peer != nil || !error.reason.concernsOneOfManyPeers { throw error }
            }
        }
    }

    package func sendNow(_ datagrams: ArraySlice<OutgoingDatagram>) throws(SocketError) -> Int {
        let socket = try open(.send, writing)
        guard sending.mayAttempt, let first = datagrams.first else { return 0 }
        let room = loop.datagrams
        let memory = unsafe loop.buffers.take()
        defer { unsafe loop.buffers.giveBack(memory) }
        let count = unsafe pack(datagrams, into: memory, room)
        // What needs more than an address, or more room, goes alone.
        if count <= 1 {
            return try sendNow(unsafe first.bytes.span.bytes, to: first.address, by: first.path) ? 1 : 0
        }
        let sent: Int
        do throws(SocketError) { sent = try socket.socket.sendDatagramsNow(room, count: count) } catch {
            guard isInternet, peer == nil, error.reason.concernsOneOfManyPeers else { throw error }
            // The error was an earlier datagram's or is this one's own: then it comes again.
            sent = try socket.socket.sendDatagramsNow(room, count: count)
        }
        if sent > 0 {
            sending.noteSuccess(of: sent)
        } else {
            sending.noteBlocked()
            roomIsUntold = !isInternet && first.address != nil
        }
        return sent
    }

    /// Copies datagrams behind each other; how many fit, up to the first that can't go with others.
    private func pack(
        _ datagrams: ArraySlice<OutgoingDatagram>, into memory: UnsafeMutableRawBufferPointer, _ room: DatagramRoom
    ) -> Int {
        var (count, used) = (0, 0)
        for datagram in datagrams.prefix(DatagramRoom.capacity) {
            let length = datagram.bytes.count
            if datagram.path != nil || length > memory.count - used || datagram.address == nil && peer == nil { break }
            let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[used..<used + length])
            unsafe piece.copyBytes(from: datagram.bytes)
            unsafe room.place(count, in: piece)
            room.direct(count, to: datagram.address)
            used += length
            count += 1
        }
        return count
    }
}

/// Buffers of the loop's for as long as a call takes, each cut into as many places as fit.
@safe private struct BorrowedBuffers {
    private var buffers = unsafe [UnsafeMutableRawBufferPointer]()

    init(for count: Int, of maximumLength: Int, in pool: BufferPool, _ room: DatagramRoom) {
        // Places begin where a line of the cache does.
        let stride = min(BufferPool.bufferSize, (maximumLength + 63) / 64 * 64)
        let perBuffer = BufferPool.bufferSize / stride
        for index in 0..<count {
            let place = index % perBuffer
            if place == 0 { unsafe buffers.append(pool.take()) }
            guard let buffer = unsafe buffers.last else { return }
            let start = place * stride
            unsafe room.place(
                index, in: UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + maximumLength]))
        }
    }

    func giveBack(to pool: BufferPool) {
        for index in unsafe buffers.indices { unsafe pool.giveBack(buffers[index]) }
    }
}
