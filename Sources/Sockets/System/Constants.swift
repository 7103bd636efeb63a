// SPDX-License-Identifier: Apache-2.0
import CSockets

/// C's constants, which arrive as enumerations, `Int` or `Int32` as each header pleases, all as the type that the calls
/// take. Options have their own table in SocketOption.swift.
enum Constants {
    // socket(2)
    static let stream = CInt(SOCK_STREAM.rawValue)
    static let datagram = CInt(SOCK_DGRAM.rawValue)
    static let raw = CInt(SOCK_RAW.rawValue)
    static let reliableDatagram = CInt(SOCK_RDM.rawValue)
    static let sequencedPacket = CInt(SOCK_SEQPACKET.rawValue)
    static let closeOnExec = CInt(SOCK_CLOEXEC.rawValue)
    static let nonblocking = CInt(SOCK_NONBLOCK.rawValue)

    // send(2), recv(2)
    static let noSignal = CInt(MSG_NOSIGNAL)
    static let dontWait = CInt(MSG_DONTWAIT)
    static let truncated = CInt(MSG_TRUNC)
    static let closeDescriptorsOnExec = CInt(MSG_CMSG_CLOEXEC)

    // shutdown(2)
    static let shutReading = CInt(SHUT_RD)
    static let shutWriting = CInt(SHUT_WR)
    static let shutBoth = CInt(SHUT_RDWR)

    // poll(2)
    static let pollIn = CInt(POLLIN)
    static let pollOut = CInt(POLLOUT)

    // epoll(7), eventfd(2)
    static let epollCloseOnExec = CInt(EPOLL_CLOEXEC)
    static let eventCloseOnExec = CInt(EFD_CLOEXEC)
    static let eventNonblocking = CInt(EFD_NONBLOCK)
}
