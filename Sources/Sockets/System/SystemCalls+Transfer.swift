// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a write to a socket whose reader is gone raises SIGPIPE, and its default action ends the process.
//           send, sendto and sendmsg take MSG_NOSIGNAL; sendfile, splice and write take no such flag.
//           These may raise it and succeed all the same, with a short count.
// Decision: the flag where there is one, else the signal is blocked round the call and a pending one is consumed
//           (BrokenPipe.swift). Law 10: SIGPIPE never kills.
// Cost:     two or three system calls more for sendfile and write on a thread that does not block SIGPIPE by itself.
import CSockets
package import SystemPackage

extension SystemCalls {
    /// Appends to `output`. The answer may exceed its room when `flags` hold `MSG_TRUNC`: a message's whole length.
    ///
    /// C: `recv(2)`.
    @inline(__always)
    static func receive(_ descriptor: CInt, into output: inout OutputRawSpan, flags: CInt) throws(Errno) -> Int {
        try unsafe filling(&output) { (room) throws(Errno) in
            try transfer(.recv, of: room.count) { unsafe nw_recv(descriptor, room.baseAddress, $0, flags) }
        }
    }

    /// C: `send(2)`.
    @inline(__always)
    static func send(_ descriptor: CInt, _ bytes: RawSpan, flags: CInt) throws(Errno) -> Int {
        try unsafe bytes.withUnsafeBytes { (bytes) throws(Errno) in
            try transfer(.send, of: bytes.count) {
                unsafe nw_send(descriptor, bytes.baseAddress, $0, flags | Constants.noSignal)
            }
        }
    }

    /// Two pieces with one call.
    ///
    /// C: `sendmsg(2)`.
    static func send(_ descriptor: CInt, _ first: RawSpan, _ second: RawSpan, flags: CInt) throws(Errno) -> Int {
        try unsafe first.withUnsafeBytes { (first) throws(Errno) in
            try unsafe second.withUnsafeBytes { (second) throws(Errno) in
                var vectors: InlineArray<2, iovec> = unsafe [vector(first), vector(second)]
                var list = unsafe vectors.mutableSpan
                return try unsafe list.withUnsafeMutableBufferPointer { (vectors) throws(Errno) in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = vectors.baseAddress
                    unsafe message.msg_iovlen = vectors.count
                    return try unsafe sendMessage(descriptor, &message, flags: flags)
                }
            }
        }
    }

    private static func vector(_ bytes: UnsafeRawBufferPointer) -> iovec {
        unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    /// Lends the free part of `output` to a call and counts what the call put there.
    @inline(__always)
    static func filling(
        _ output: inout OutputRawSpan, _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int
    ) throws(Errno) -> Int {
        try unsafe output.withUnsafeMutableBytes { (bytes, used) throws(Errno) in
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[used...])
            let count = try unsafe body(room)
            used += min(count, room.count)
            return count
        }
    }

    /// C: `sendto(2)`.
    static func send(
        _ descriptor: CInt, _ bytes: RawSpan, to address: SocketAddress, flags: CInt
    ) throws(Errno) -> Int {
        try unsafe address.withSystemBytes { (name) throws(Errno) in
            try unsafe bytes.withUnsafeBytes { (bytes) throws(Errno) in
                try transfer(.sendto, of: bytes.count) {
                    unsafe sendto(
                        descriptor, bytes.baseAddress, $0, flags | Constants.noSignal,
                        name.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(name.count))
                }
            }
        }
    }

    /// The sender is nil where the kernel gives none (a connected stream).
    ///
    /// C: `recvfrom(2)`.
    static func receiveFrom(
        _ descriptor: CInt, into output: inout OutputRawSpan, flags: CInt
    ) throws(Errno) -> (count: Int, sender: SocketAddress?) {
        var hasSender = false
        let (count, sender) = try unsafe withAddressBuffer { (address, length) throws(Errno) in
            let count = try unsafe filling(&output) { (room) throws(Errno) in
                try transfer(.recvfrom, of: room.count) {
                    unsafe length.pointee = socklen_t(MemoryLayout<sockaddr_storage>.size)
                    return unsafe recvfrom(descriptor, room.baseAddress, $0, flags, address, length)
                }
            }
            hasSender = unsafe length.pointee > 0
            return count
        }
        return (count, hasSender ? sender : nil)
    }

    /// C: `sendmsg(2)`.
    static func sendMessage(_ descriptor: CInt, _ message: UnsafePointer<msghdr>, flags: CInt) throws(Errno) -> Int {
        try transfer(.sendmsg, of: .max) { limit in
            unsafe withTrimmed(message.pointee, to: limit) { trimmed in
                unsafe sendmsg(descriptor, trimmed, flags | Constants.noSignal)
            }
        }
    }

    /// C: `recvmsg(2)`. Descriptors that arrive are closed on exec.
    static func receiveMessage(
        _ descriptor: CInt, _ message: UnsafeMutablePointer<msghdr>, flags: CInt
    ) throws(Errno) -> Int {
        try transfer(.recvmsg, of: .max) { limit in
            unsafe withTrimmed(message.pointee, to: limit) { trimmed in
                let count = unsafe recvmsg(descriptor, trimmed, flags | Constants.closeDescriptorsOnExec)
                let vectors = unsafe (message.pointee.msg_iov, message.pointee.msg_iovlen)
                unsafe message.pointee = trimmed.pointee
                unsafe (message.pointee.msg_iov, message.pointee.msg_iovlen) = vectors
                return count
            }
        }
    }

    /// The same message with at most `limit` bytes in its vectors: how a fault plan makes a transfer short.
    private static func withTrimmed(
        _ message: msghdr, to limit: Int, _ body: (UnsafeMutablePointer<msghdr>) -> Int
    ) -> Int {
        var message = unsafe message
        if limit == .max { return unsafe body(&message) }
        var room = limit
        var vectors = unsafe UnsafeBufferPointer(start: message.msg_iov, count: message.msg_iovlen).map { vector in
            let length = unsafe min(vector.iov_len, room)
            room -= length
            return unsafe iovec(iov_base: vector.iov_base, iov_len: length)
        }
        return unsafe vectors.withUnsafeMutableBufferPointer { buffer in
            unsafe message.msg_iov = buffer.baseAddress
            return unsafe body(&message)
        }
    }

    /// Copies up to `count` bytes of a file into a socket inside the kernel, from `offset`, which moves on.
    ///
    /// C: `sendfile(2)`.
    static func sendFile(_ descriptor: CInt, from file: CInt, at offset: inout Int, count: Int) throws(Errno) -> Int {
        try withoutBrokenPipeSignal(moving: count) { () throws(Errno) in
            try transfer(.sendfile, of: count) { unsafe sendfile(descriptor, file, &offset, $0) }
        }
    }

    /// C: `read(2)`.
    package static func read(_ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        try transfer(.read, of: buffer.count) { unsafe CSockets.read(descriptor, buffer.baseAddress, $0) }
    }

    /// Reads at an offset; where a file has none (a pipe, a terminal) what comes next.
    ///
    /// C: `pread(2)`.
    package static func read(
        _ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(Errno) -> Int {
        do throws(Errno) {
            return try transfer(.read, of: buffer.count) {
                unsafe pread(descriptor, buffer.baseAddress, $0, off_t(offset))
            }
        } catch {
            if error == .illegalSeek { return try unsafe read(descriptor, into: buffer) }
            throw error
        }
    }

    /// C: `write(2)`.
    package static func write(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
        try withoutBrokenPipeSignal(moving: bytes.count) { () throws(Errno) in
            try transfer(.write, of: bytes.count) { unsafe CSockets.write(descriptor, bytes.baseAddress, $0) }
        }
    }

    /// Appends to `output`.
    ///
    /// C: `read(2)`.
    package static func read(_ descriptor: CInt, into output: inout OutputRawSpan) throws(Errno) -> Int {
        try unsafe filling(&output) { (room) throws(Errno) in try unsafe read(descriptor, into: room) }
    }

    /// Appends to `output` what is at an offset; where a file has none, what comes next.
    ///
    /// C: `pread(2)`.
    package static func read(
        _ descriptor: CInt, into output: inout OutputRawSpan, at offset: Int64
    ) throws(Errno) -> Int {
        try unsafe filling(&output) { (room) throws(Errno) in try unsafe read(descriptor, into: room, at: offset) }
    }

    /// Appends to `output` what ``readCached(_:into:at:)-(_,UnsafeMutableRawBufferPointer,_)`` reads.
    ///
    /// C: `preadv2(2)` with `RWF_NOWAIT`.
    package static func readCached(
        _ descriptor: CInt, into output: inout OutputRawSpan, at offset: Int64
    ) throws(Errno) -> Int? {
        var wouldWait = false
        let count = try unsafe filling(&output) { (room) throws(Errno) in
            guard let count = try unsafe readCached(descriptor, into: room, at: offset) else {
                wouldWait = true
                return 0
            }
            return count
        }
        return wouldWait ? nil : count
    }

    /// C: `write(2)`.
    package static func write(_ descriptor: CInt, _ bytes: RawSpan) throws(Errno) -> Int {
        try unsafe bytes.withUnsafeBytes { (bytes) throws(Errno) in try unsafe write(descriptor, bytes) }
    }
}
