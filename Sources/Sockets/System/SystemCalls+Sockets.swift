// SPDX-License-Identifier: Apache-2.0
import CSockets
import SystemPackage

extension SystemCalls {
    /// C: `socket(2)`. The descriptor is closed on exec.
    static func socket(family: CInt, kind: CInt, protocolNumber: CInt) throws(Errno) -> CInt {
        try perform(.socket) { CSockets.socket(family, kind | Constants.closeOnExec, protocolNumber) }
    }

    /// C: `socketpair(2)`. Both descriptors are closed on exec.
    static func socketPair(family: CInt, kind: CInt, protocolNumber: CInt) throws(Errno) -> (CInt, CInt) {
        var pair: (CInt, CInt) = (-1, -1)
        _ = try perform(.socketpair) {
            unsafe withUnsafeMutableBytes(of: &pair) { bytes in
                unsafe socketpair(
                    family, kind | Constants.closeOnExec, protocolNumber,
                    bytes.assumingMemoryBound(to: CInt.self).baseAddress)
            }
        }
        return pair
    }

    /// C: `bind(2)`.
    static func bind(_ descriptor: CInt, to address: SocketAddress) throws(Errno) {
        try unsafe address.withSystemBytes { (bytes) throws(Errno) in
            _ = try perform(.bind) {
                unsafe CSockets.bind(
                    descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
            }
        }
    }

    /// C: `listen(2)`.
    static func listen(_ descriptor: CInt, backlog: CInt) throws(Errno) {
        _ = try perform(.listen) { CSockets.listen(descriptor, backlog) }
    }

    /// C: `accept4(2)`. The new descriptor is closed on exec; it blocks unless `nonblocking` says otherwise.
    static func accept(_ descriptor: CInt, nonblocking: Bool) throws(Errno) -> (CInt, SocketAddress) {
        let flags = Constants.closeOnExec | (nonblocking ? Constants.nonblocking : 0)
        return try unsafe withAddressBuffer { (address, length) throws(Errno) in
            try perform(.accept4) {
                unsafe length.pointee = socklen_t(MemoryLayout<sockaddr_storage>.size)
                return unsafe accept4(descriptor, address, length, flags)
            }
        }
    }

    /// Starts a connection. Not made again after a signal: the attempt goes on by itself and a second call would say
    /// `EALREADY`. The caller waits until the socket is writable and reads `SO_ERROR`.
    ///
    /// C: `connect(2)`.
    static func connect(_ descriptor: CInt, to address: SocketAddress) throws(Errno) {
        try unsafe address.withSystemBytes { (bytes) throws(Errno) in
            _ = try once(.connect) {
                unsafe CSockets.connect(
                    descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
            }
        }
    }

    /// C: `getsockname(2)`.
    static func localAddress(_ descriptor: CInt) throws(Errno) -> SocketAddress {
        try unsafe withAddressBuffer { (address, length) throws(Errno) in
            try perform(.getsockname) { unsafe getsockname(descriptor, address, length) }
        }.1
    }

    /// C: `getpeername(2)`.
    static func peerAddress(_ descriptor: CInt) throws(Errno) -> SocketAddress {
        try unsafe withAddressBuffer { (address, length) throws(Errno) in
            try perform(.getpeername) { unsafe getpeername(descriptor, address, length) }
        }.1
    }

    /// C: `shutdown(2)`.
    static func shutdown(_ descriptor: CInt, _ direction: CInt) throws(Errno) {
        _ = try perform(.shutdown) { CSockets.shutdown(descriptor, direction) }
    }

    /// Fills `value` and returns how many bytes of it the kernel wrote.
    ///
    /// C: `getsockopt(2)`.
    static func getOption(
        _ descriptor: CInt, level: CInt, name: CInt, into value: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        var length = socklen_t(clamping: value.count)
        _ = try perform(.getsockopt) { unsafe getsockopt(descriptor, level, name, value.baseAddress, &length) }
        return Int(length)
    }

    /// C: `setsockopt(2)`.
    static func setOption(
        _ descriptor: CInt, level: CInt, name: CInt, to value: UnsafeRawBufferPointer
    ) throws(Errno) {
        _ = try perform(.setsockopt) {
            unsafe setsockopt(descriptor, level, name, value.baseAddress, socklen_t(clamping: value.count))
        }
    }

    /// Lends a call room for an address and reads what the call left there.
    @inline(__always)
    static func withAddressBuffer<Answer>(
        _ body: (UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>) throws(Errno) -> Answer
    ) throws(Errno) -> (Answer, SocketAddress) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return try unsafe withUnsafeMutableBytes(of: &storage) { bytes throws(Errno) in
            let answer = try unsafe body(bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
            let filled = min(Int(length), bytes.count)
            return (answer, unsafe SocketAddress(systemBytes: UnsafeRawBufferPointer(rebasing: bytes[..<filled])))
        }
    }
}
