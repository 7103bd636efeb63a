// SPDX-License-Identifier: Apache-2.0
//
// Facts:    under load a system call a datagram is most of what a datagram costs. recvmmsg and sendmmsg take many, by
//           way of headers, addresses and control data that C keeps in arrays.
// Decision: one set of these arrays, made once for a loop, whose pointers stay where they are. Only where the bytes go
//           is set for each call.
// Cost:     12 KB for a loop that receives or sends many datagrams at a time.
import CSockets

/// Room for what the system has to say of several datagrams at a time, but for their bytes. One call at a time.
@safe package final class DatagramRoom {
    /// How many datagrams one call takes at most.
    package static let capacity = 32

    fileprivate typealias Control = InlineArray<16, UInt64>
    fileprivate static let controlSize = MemoryLayout<Control>.size

    fileprivate let messages = UnsafeMutablePointer<nw_message>.allocate(capacity: capacity)
    private let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: capacity)
    private let names = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: capacity)
    private let controls = UnsafeMutablePointer<Control>.allocate(capacity: capacity)

    /// An empty room.
    package init() {
        unsafe vectors.initialize(repeating: iovec(), count: Self.capacity)
        unsafe names.initialize(repeating: sockaddr_storage(), count: Self.capacity)
        unsafe controls.initialize(repeating: Control(repeating: 0), count: Self.capacity)
        unsafe messages.initialize(repeating: nw_message(), count: Self.capacity)
        for index in 0..<Self.capacity {
            unsafe messages[index].header.msg_iov = vectors + index
            unsafe messages[index].header.msg_iovlen = 1
        }
    }

    deinit {
        unsafe messages.deallocate()
        unsafe vectors.deallocate()
        unsafe names.deallocate()
        unsafe controls.deallocate()
    }

    /// Where the bytes of a datagram go, or are.
    ///
    /// - Precondition: the memory lasts until the call is over, and what it brought has been looked at.
    package func place(_ index: Int, in memory: UnsafeMutableRawBufferPointer) {
        precondition(index < Self.capacity, "there is room for \(Self.capacity) datagrams")
        unsafe vectors[index] = iovec(iov_base: memory.baseAddress, iov_len: memory.count)
    }

    /// Whom a datagram goes to; nil for the socket's peer.
    package func direct(_ index: Int, to address: SocketAddress?) {
        precondition(index < Self.capacity, "there is room for \(Self.capacity) datagrams")
        unsafe messages[index].header.msg_control = nil
        unsafe messages[index].header.msg_controllen = 0
        guard let address else {
            unsafe messages[index].header.msg_name = nil
            unsafe messages[index].header.msg_namelen = 0
            return
        }
        unsafe address.withSystemBytes { bytes in
            let room = unsafe UnsafeMutableRawBufferPointer(
                start: names + index, count: MemoryLayout<sockaddr_storage>.size)
            let count = min(bytes.count, room.count)
            unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            unsafe messages[index].header.msg_name = unsafe UnsafeMutableRawPointer(names + index)
            unsafe messages[index].header.msg_namelen = socklen_t(count)
        }
    }

    /// Readies so many places to be received into.
    fileprivate func open(_ count: Int, hasPath: Bool) {
        for index in 0..<count {
            unsafe messages[index].header.msg_name = unsafe UnsafeMutableRawPointer(names + index)
            unsafe messages[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_storage>.size)
            unsafe messages[index].header.msg_control = hasPath ? UnsafeMutableRawPointer(controls + index) : nil
            unsafe messages[index].header.msg_controllen = hasPath ? Self.controlSize : 0
        }
    }

    /// What was received at a place.
    package func head(_ index: Int) -> DatagramHead {
        precondition(index < Self.capacity, "there is room for \(Self.capacity) datagrams")
        let length = unsafe Int(messages[index].length)
        let nameLength = unsafe min(
            Int(messages[index].header.msg_namelen), MemoryLayout<sockaddr_storage>.size)
        let name = unsafe UnsafeRawBufferPointer(start: names + index, count: nameLength)
        return DatagramHead(
            count: unsafe min(length, vectors[index].iov_len), length: length,
            sender: nameLength > 0 ? unsafe SocketAddress(systemBytes: name) : .unix(.unnamed),
            path: unsafe DatagramPath(in: &messages[index].header))
    }

    /// The bytes that were received at a place.
    package func bytes(_ index: Int) -> [UInt8] {
        precondition(index < Self.capacity, "there is room for \(Self.capacity) datagrams")
        let count = unsafe min(Int(messages[index].length), vectors[index].iov_len)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: vectors[index].iov_base, count: count))
    }
}

/// Several datagrams without waiting.
extension Socket {
    /// Receives datagrams that wait into the first places of a room.
    ///
    /// - Parameter count: how many at most; each of them has been given its place.
    /// - Returns: how many came; 0 where none waits.
    /// - Throws: as ``receiveDatagramNow(into:)``. What had come before an error is returned, and the error thrown by
    ///   the next call.
    ///
    /// C: `recvmmsg(2)` with `MSG_DONTWAIT`, `MSG_TRUNC`.
    package func receiveDatagramsNow(into room: DatagramRoom, upTo count: Int) throws(SocketError) -> Int {
        room.open(count, hasPath: family != .unix)
        let flags = Constants.dontWait | Constants.truncated | Constants.closeDescriptorsOnExec
        do throws(Errno) {
            return try SystemCalls.transfer(.recvmmsg, of: count) {
                unsafe Int(nw_recvmmsg(number, room.messages, UInt32($0), flags))
            }
        } catch {
            if error == .wouldBlock { return 0 }
            throw failure(.receive, error)
        }
    }

    /// Sends the datagrams at the first places of a room, in their order, each whole.
    ///
    /// - Returns: how many went; 0 where there was no room for the first.
    /// - Throws: as ``sendNow(_:to:by:)`` for the first. What had been sent before an error is returned, and the error
    ///   thrown by the next call.
    ///
    /// C: `sendmmsg(2)` with `MSG_DONTWAIT`.
    package func sendDatagramsNow(_ room: DatagramRoom, count: Int) throws(SocketError) -> Int {
        do throws(Errno) {
            return try SystemCalls.transfer(.sendmmsg, of: count) {
                unsafe Int(nw_sendmmsg(number, room.messages, UInt32($0), Constants.dontWait | Constants.noSignal))
            }
        } catch {
            if error == .wouldBlock { return 0 }
            throw failure(.send, error)
        }
    }
}
