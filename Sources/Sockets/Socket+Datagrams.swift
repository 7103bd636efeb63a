// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a UNIX datagram can carry descriptors, and recvmsg opens them in this process where it is given room for
//           control messages.
// Hazard:   whoever does not look for them leaks them.
// Decision: a UNIX datagram is received without such room, and the kernel drops them. Those who want descriptors call
//           receiveMessage.
import CSockets
import SystemPackage

/// Datagrams without waiting: what an event loop is made of.
extension Socket {
    /// Receives the datagram that waits, behind what is in `output`; what does not fit is lost, and the head says so.
    /// Nothing is allocated unless the way of datagrams was asked for (``SocketOption/packetInfo``).
    ///
    /// - Returns: nil where none waits.
    /// - Throws: ``SocketError/isConnectionRefused`` and its like: what became of a datagram that this socket sent. The
    ///   error is taken by being told, and the socket goes on.
    ///
    /// C: `recvmsg(2)` with `MSG_DONTWAIT`, `MSG_TRUNC`.
    public func receiveDatagramNow(into output: inout OutputRawSpan) throws(SocketError) -> DatagramHead? {
        do throws(Errno) {
            return try SystemCalls.receiveDatagram(number, into: &output, hasPath: family != .unix)
        } catch {
            if error == .wouldBlock { return nil }
            throw failure(.receive, error)
        }
    }

    /// Sends one datagram, whole.
    ///
    /// - Parameters:
    ///   - address: nil for the socket's peer.
    ///   - path: which way it is to go, with the address that it shall come from; as the system chooses for nil.
    /// - Returns: false where there was no room for it.
    /// - Throws: as ``send(_:to:flags:)-(RawSpan,_,_)``, but never `.wouldBlock` or `.timedOut`.
    ///
    /// C: `sendto(2)`, `sendmsg(2)` with `MSG_DONTWAIT`.
    public func sendNow(
        _ bytes: RawSpan, to address: SocketAddress?, by path: DatagramPath? = nil
    ) throws(SocketError) -> Bool {
        if let path { return try sendNow(unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }, address, path) }
        do throws(Errno) {
            if let address {
                _ = try SystemCalls.send(number, bytes, to: address, flags: Constants.dontWait)
            } else {
                _ = try SystemCalls.send(number, bytes, flags: Constants.dontWait)
            }
            return true
        } catch {
            if error == .wouldBlock { return false }
            throw SocketError(.send, error: error, subject: address.map { "\($0)" } ?? subject)
        }
    }

    private func sendNow(
        _ bytes: [UInt8], _ address: SocketAddress?, _ path: DatagramPath
    ) throws(SocketError) -> Bool {
        do throws(SocketError) {
            _ = try sendMessage([bytes], ancillary: [path.packetInfo], to: address, flags: .dontWait)
            return true
        } catch {
            if error.reason == .wouldBlock { return false }
            throw SocketError(.send, error.reason, subject: address.map { "\($0)" } ?? subject)
        }
    }

    /// How many datagrams the system threw away because nobody had received those before them, or because they were
    /// damaged. It counts from the socket's beginning and begins anew after 2³².
    ///
    /// - Throws: `.unsupported` or `.system` where the system does not tell (Linux before 4.12).
    ///
    /// C: `SO_MEMINFO`.
    public var droppedDatagrams: UInt32 {
        get throws(SocketError) {
            let table = try self[SocketOption<[UInt8]>(SOL_SOCKET, SO_MEMINFO, "SO_MEMINFO")]
            let size = MemoryLayout<UInt32>.size
            // SK_MEMINFO_DROPS is the ninth number.
            guard let count = Layout.read(UInt32.self, from: Array(table.dropFirst(8 * size))) else {
                throw SocketError(.getOption, error: .notSupported, subject: "SO_MEMINFO")
            }
            return count
        }
    }
}

/// Opening.
extension Socket {
    /// Opens a socket for datagrams at an address that is known. It hears the groups that it joins and no others. A
    /// UNIX path that a dead program left behind is taken over, and goes with the last socket that has it.
    ///
    /// - Parameter sharesAddress: other sockets that want it may have the address too (`SO_REUSEADDR`, `SO_REUSEPORT`).
    package static func datagram(at address: SocketAddress, sharesAddress: Bool) throws(SocketError) -> Socket {
        var socket = try Socket(address.family, .datagram)
        if address.ip != nil {
            if sharesAddress {
                try socket.set(.reuseAddress, to: true)
                try socket.set(.reusePort, to: true)
            }
            try socket.set(.multicastAll, to: false)
            if address.family == .ipv6 {
                try socket.set(SocketOption(CInt(IPPROTO_IPV6), IPV6_MULTICAST_ALL, "IPV6_MULTICAST_ALL"), to: false)
            }
            try socket.prepareBothFamilies(for: address)
        }
        if let name = address.unix, name.kind == .path {
            socket.path = try socket.bindPath(name.bytes, address, backlog: nil)
        } else {
            try socket.bind(to: address)
        }
        return socket
    }

    /// Gives a socket for datagrams a peer, or another one. What its ``peer`` says does not change.
    package func setPeer(_ address: SocketAddress) throws(SocketError) {
        do throws(Errno) { try SystemCalls.connect(number, to: address) } catch {
            throw SocketError(.connect, error: error, subject: "\(address)")
        }
    }
}

extension SystemCalls {
    /// C: `recvmsg(2)`.
    fileprivate static func receiveDatagram(
        _ descriptor: CInt, into output: inout OutputRawSpan, hasPath: Bool
    ) throws(Errno) -> DatagramHead {
        let before = output.byteCount
        var message = unsafe msghdr()
        var room = InlineArray<16, UInt64>(repeating: 0)
        var path: DatagramPath?
        let (length, sender) = try unsafe withAddressBuffer { (address, addressLength) throws(Errno) in
            unsafe message.msg_name = UnsafeMutableRawPointer(address)
            unsafe message.msg_namelen = addressLength.pointee
            return try unsafe withUnsafeMutableBytes(of: &room) { (control) throws(Errno) in
                if hasPath {
                    unsafe message.msg_control = control.baseAddress
                    unsafe message.msg_controllen = control.count
                }
                let length = try unsafe receive(descriptor, &message, into: &output)
                unsafe addressLength.pointee = message.msg_namelen
                if hasPath { unsafe path = DatagramPath(in: &message) }
                return length
            }
        }
        let isNamed = unsafe message.msg_namelen > 0
        return DatagramHead(
            count: output.byteCount - before, length: length, sender: isNamed ? sender : .unix(.unnamed), path: path)
    }

    private static func receive(
        _ descriptor: CInt, _ message: inout msghdr, into output: inout OutputRawSpan
    ) throws(Errno) -> Int {
        try unsafe filling(&output) { (room) throws(Errno) in
            var vector = unsafe iovec(iov_base: room.baseAddress, iov_len: room.count)
            return try unsafe withUnsafeMutablePointer(to: &vector) { (vector) throws(Errno) in
                unsafe message.msg_iov = vector
                unsafe message.msg_iovlen = 1
                return try unsafe receiveMessage(
                    descriptor, &message, flags: Constants.dontWait | Constants.truncated)
            }
        }
    }
}

extension DatagramPath {
    /// What stands in a message's control data; nil where nothing does.
    init?(in message: inout msghdr) {
        if unsafe message.msg_controllen == 0 { return nil }
        var found: DatagramPath?
        unsafe ControlBuffer.forEachItem(in: &message) { level, type, bytes in
            switch (level, type) {
            case (CInt(IPPROTO_IP), IP_PKTINFO):
                guard let info = Layout.read(nw_ipv4_packet_info.self, from: bytes) else { return }
                found = DatagramPath(
                    destination: .v4(IPv4Address(rawValue: UInt32(bigEndian: info.destination))),
                    local: .v4(IPv4Address(rawValue: UInt32(bigEndian: info.local))),
                    interface: UInt32(bitPattern: info.interface))
            case (CInt(IPPROTO_IPV6), IPV6_PKTINFO):
                let item = AncillaryData(level: level, type: type, bytes: bytes)
                guard case .packetInfo(let address, let interface) = item else { return }
                let local = address.unmapped.isMulticast ? .v6(.any) : address
                found = DatagramPath(destination: address, local: local, interface: interface)
            default: return
            }
        }
        guard let found else { return nil }
        self = found
    }
}
