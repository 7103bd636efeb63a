// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a UNIX receiver that does not read has its queue full, and nothing can be sent to it. poll tells of the
//           sender's own buffer alone, unless the sender is connected to the receiver, and a receiver that is connected
//           itself lets nobody else connect.
// Decision: an answer looks again and again, after pauses that grow. The longest is also how late it notices that its
//           request was broken off: so it needs nobody to wake it, on a thread or on a loop.
import Reactor
import Sockets

/// An answer to a datagram, and how long it may wait for room.
struct DatagramAnswer {
    private let request: IncomingRequest
    private let socket: SharedSocket
    private let address: SocketAddress
    private let deadline: LoopInstant
    private var pause = Duration.milliseconds(1)

    private static let longestPause = Duration.milliseconds(20)

    /// From now on it has as long as the configuration says.
    ///
    /// - Throws: ``SocketError/isNotConnected`` for a sender without an address.
    init(
        to request: IncomingRequest, by socket: SharedSocket, _ configuration: ServerConfiguration
    ) throws(SocketError) {
        guard let address = Self.address(request.clientAddress) else {
            throw SocketError(.send, error: .socketNotConnected, subject: "a sender without an address")
        }
        self.request = request
        self.socket = socket
        self.address = address
        let end = configuration.requestLimit.map { request.begun.advanced(by: $0) } ?? .never
        deadline = min(end, LoopInstant.systemNow.advanced(by: configuration.replyLimit))
    }

    /// Nil for a sender that can't be answered.
    private static func address(_ sender: SocketAddress?) -> SocketAddress? {
        if let name = sender?.unix, name.kind == .unnamed { return nil }
        return sender
    }

    /// Sends it if there is room.
    ///
    /// - Returns: after which pause to try again; nil once it is sent.
    /// - Throws: `.timedOut`; `.closed` once the request was broken off; what the system says.
    mutating func send(_ bytes: [UInt8]) throws(SocketError) -> Duration? {
        if request.isAborted { throw LoopInstant.systemNow < deadline ? failure(.closed) : failure(.timedOut) }
        do throws(SocketError) {
            try socket.socket.send(bytes, to: address, flags: .dontWait)
            return nil
        } catch {
            if error.reason != .wouldBlock { throw error }
        }
        let left = LoopInstant.systemNow.duration(to: deadline)
        if left <= .zero { throw failure(.timedOut) }
        defer { pause = min(pause * 2, Self.longestPause) }
        return min(pause, left)
    }

    /// Nobody can wait here.
    var wouldBlock: SocketError { failure(.wouldBlock) }

    private func failure(_ reason: SocketError.Reason) -> SocketError {
        SocketError(.send, reason, subject: "\(address)")
    }
}
