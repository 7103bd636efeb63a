// SPDX-License-Identifier: Apache-2.0
//
// Facts:    descriptors in a control message are open in this process from the moment that recvmsg returns. Where the
//           room for them was too small the kernel drops the rest and sets MSG_CTRUNC; CMSG_SPACE rounds up, so that
//           one descriptor more than asked for may come.
// Hazard:   whoever does not look leaks descriptors until the process has none left.
// Decision: they are owned from the first instruction on. More than the caller wanted, or MSG_CTRUNC, is an error, and
//           every one of them is closed.
import CSockets
public import SystemPackage

extension Socket {
    /// The most descriptors that one message can carry. C: `SCM_MAX_FD`.
    public static let maximumDescriptors = 253

    /// Sends several pieces as one (gathered), with ancillary data, descriptors and an address where wanted.
    ///
    /// The peer gets descriptors of its own; the caller's stay open and the caller's.
    ///
    /// - Returns: how many bytes went: on a stream it may be fewer than given, and then the ancillary data went with
    ///   them.
    /// - Throws: as ``send(_:flags:)-(RawSpan,_)``; `.invalid` for too many descriptors, or on a stream for descriptors
    ///   without a byte to go with.
    ///
    /// C: `sendmsg(2)`.
    public func sendMessage(
        _ pieces: [[UInt8]], ancillary: [AncillaryData] = [], descriptors: [FileDescriptor] = [],
        to address: SocketAddress? = nil, flags: TransferFlags = []
    ) throws(SocketError) -> Int {
        let items = try controlItems(pieces, ancillary, descriptors)
        let control = ControlBuffer(items)
        var patience = patience(flags)
        let name: [UInt8] = unsafe address?.withSystemBytes { unsafe [UInt8]($0) } ?? []
        return try unsafe withVectors(pieces) { vectors throws(SocketError) in
            try unsafe name.withUnsafeBufferPointer { name throws(SocketError) in
                var message = unsafe msghdr()
                unsafe message.msg_name = UnsafeMutableRawPointer(mutating: name.isEmpty ? nil : name.baseAddress)
                unsafe message.msg_namelen = socklen_t(name.count)
                unsafe message.msg_iov = vectors.baseAddress
                unsafe message.msg_iovlen = vectors.count
                unsafe control.attach(to: &message)
                return try attempt(.send, Constants.pollOut, &patience) { () throws(Errno) in
                    try unsafe SystemCalls.sendMessage(number, &message, flags: flags.rawValue)
                }
            }
        }
    }

    /// Receives a message with what came beside it.
    ///
    /// - Parameters:
    ///   - maximum: room for its bytes.
    ///   - maximumDescriptors: how many descriptors the caller will own; all are closed if more come.
    ///   - ancillaryCapacity: room for other ancillary data, in bytes.
    /// - Returns: the message; nil for the end of a stream.
    /// - Throws: `.ancillaryTruncated` when there was more ancillary data than room, or more descriptors than wanted:
    ///   they are closed, the message is gone. Otherwise as ``receiveFrom(upTo:flags:)``.
    ///
    /// C: `recvmsg(2)` with `MSG_CMSG_CLOEXEC`.
    public func receiveMessage(
        upTo maximum: Int, maximumDescriptors: Int = 0, ancillaryCapacity: Int = 256, flags: TransferFlags = []
    ) throws(SocketError) -> Message? {
        if maximum < 1 { throw Self.noRoom(maximum) }
        let wanted = min(max(maximumDescriptors, 0), Self.maximumDescriptors)
        let room = max(ancillaryCapacity, 0) + (wanted > 0 ? nw_cmsg_space(wanted * MemoryLayout<CInt>.size) : 0)
        let control = ControlBuffer(capacity: room)
        var arrival = Arrival()
        let capacity = min(maximum, Self.maximumReceive)
        let bytes = try [UInt8].filled(capacity: capacity) { output throws(SocketError) in
            try receive(&arrival, control, into: &output, flags)
        }
        let descriptors = DescriptorBag(arrival.descriptors)
        if arrival.flags & CInt(MSG_CTRUNC) != 0 || descriptors.count > wanted {
            throw SocketError(.receive, .ancillaryTruncated, subject: subject)
        }
        let isEnd = arrival.count == 0 && endsWithNothing && !flags.contains(.errorQueue)
        if isEnd && descriptors.count == 0 { return nil }
        return Message(
            bytes: bytes, sender: arrival.sender, ancillary: arrival.ancillary,
            isTruncated: arrival.flags & Constants.truncated != 0,
            endsRecord: arrival.flags & CInt(MSG_EOR) != 0, descriptors: descriptors)
    }

    private func receive(
        _ arrival: inout Arrival, _ control: borrowing ControlBuffer, into output: inout OutputRawSpan,
        _ flags: TransferFlags
    ) throws(SocketError) {
        var patience = patience(flags)
        // MSG_TRUNC comes back by itself here.
        let wanted = kind.keepsMessages ? flags : prepare(&output, flags)
        try attempt(.receive, Constants.pollIn, &patience) { () throws(Errno) in
            arrival = try SystemCalls.receiveMessage(number, into: &output, control, flags: wanted.rawValue)
        }
    }

    private func controlItems(
        _ pieces: [[UInt8]], _ ancillary: [AncillaryData], _ descriptors: [FileDescriptor]
    ) throws(SocketError) -> [(level: CInt, type: CInt, bytes: [UInt8])] {
        var items = ancillary.map { $0.systemItem(for: family) }
        guard !descriptors.isEmpty else { return items }
        if descriptors.count > Self.maximumDescriptors {
            let text = "\(descriptors.count) descriptors are more than the \(Self.maximumDescriptors) of a message"
            throw SocketError(.send, .invalid(text), subject: subject)
        }
        if kind == .stream && pieces.allSatisfy(\.isEmpty) {
            throw SocketError(.send, .invalid("on a stream descriptors need a byte to go with"), subject: subject)
        }
        items.append((SOL_SOCKET, CInt(nw_scm_rights), descriptors.flatMap { Layout.bytes(of: $0.rawValue) }))
        return items
    }
}

/// What one `recvmsg` brought, before anybody has judged it.
struct Arrival {
    var count = 0
    var flags: CInt = 0
    var sender: SocketAddress?
    var ancillary: [AncillaryData] = []
    var descriptors: [CInt] = []

    init() {}

    init(count: Int, flags: CInt, sender: SocketAddress?, _ message: inout msghdr) {
        self.count = count
        self.flags = flags
        self.sender = sender
        var ancillary: [AncillaryData] = []
        var descriptors: [CInt] = []
        unsafe ControlBuffer.forEachItem(in: &message) { level, type, bytes in
            if level == SOL_SOCKET && type == CInt(nw_scm_rights) {
                descriptors += stride(
                    from: 0, through: bytes.count - MemoryLayout<CInt>.size, by: MemoryLayout<CInt>.size
                )
                .compactMap { Layout.read(CInt.self, from: Array(bytes[$0...])) }
            } else {
                ancillary.append(AncillaryData(level: level, type: type, bytes: bytes))
            }
        }
        self.ancillary = ancillary
        self.descriptors = descriptors
    }
}

extension SystemCalls {
    /// Receives behind what is in `output` already.
    ///
    /// C: `recvmsg(2)`.
    static func receiveMessage(
        _ descriptor: CInt, into output: inout OutputRawSpan, _ control: borrowing ControlBuffer, flags: CInt
    ) throws(Errno) -> Arrival {
        var message = unsafe msghdr()
        unsafe control.attach(to: &message)
        var hasSender = false
        let (count, sender) = try unsafe withAddressBuffer { (address, length) throws(Errno) in
            unsafe message.msg_name = UnsafeMutableRawPointer(address)
            unsafe message.msg_namelen = length.pointee
            let count = try unsafe filling(&output) { (room) throws(Errno) in
                var vector = unsafe iovec(iov_base: room.baseAddress, iov_len: room.count)
                return try unsafe withUnsafeMutablePointer(to: &vector) { (vector) throws(Errno) in
                    unsafe message.msg_iov = vector
                    unsafe message.msg_iovlen = 1
                    return try unsafe receiveMessage(descriptor, &message, flags: flags)
                }
            }
            unsafe length.pointee = message.msg_namelen
            unsafe hasSender = message.msg_namelen > 0
            return count
        }
        return unsafe Arrival(count: count, flags: message.msg_flags, sender: hasSender ? sender : nil, &message)
    }
}

/// Lends several arrays as vectors.
private func withVectors<Result>(
    _ pieces: [[UInt8]], _ body: (UnsafeMutableBufferPointer<iovec>) throws(SocketError) -> Result
) throws(SocketError) -> Result {
    // One copy is cheaper than pinning many arrays at once, and the system limits how many vectors it takes.
    var joined = pieces.count == 1 ? pieces[0] : Array(pieces.joined())
    return try unsafe joined.withUnsafeMutableBufferPointer { bytes throws(SocketError) in
        var vector = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return try unsafe withUnsafeMutablePointer(to: &vector) { vector throws(SocketError) in
            try unsafe body(UnsafeMutableBufferPointer(start: vector, count: 1))
        }
    }
}
