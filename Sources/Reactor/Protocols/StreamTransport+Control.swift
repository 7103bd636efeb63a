// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Ending, pausing, and what only some transports can do. Any thread may call these.
extension StreamTransport {
    /// Ends the connection once everything that was written is sent, and a producer has unregistered; what is written
    /// from now on is thrown away, and nothing more is read. It ends with ``CloseReason/done``, or with
    /// ``CloseReason/timedOut`` when the peer has not taken it all within ``defaultLinger``.
    ///
    /// Twisted: `loseConnection`.
    public func loseConnection() { change(inserting: .isDisconnecting) }

    /// Ends this side's direction once everything that was written is sent; reading goes on. The protocol then hears
    /// ``StreamProtocol/writeConnectionLost(_:)``.
    ///
    /// Twisted: `loseWriteConnection`. C: `shutdown(2)`.
    public func loseWriteConnection() { change(inserting: .wantsShutdown) }

    /// Throws the connection away: what was written and not sent is lost, and the peer sees a reset.
    ///
    /// Twisted: `abortConnection`.
    public func abortConnection() { end(.aborted) }

    /// Throws the connection away for a reason.
    func end(_ reason: CloseReason) {
        if !loop.isCurrent { return loop.enqueue { [self] in end(reason) } }
        if isConnected { note(end: reason) }
    }

    /// How many bytes may wait to be sent; with more the connection ends, with ``CloseReason/overflowed(_:)``. That is
    /// for who writes more than it is asked for: of a peer that asks without reading nothing more is read long before.
    ///
    /// - Precondition: the limit is positive.
    public func setMaximumBuffered(_ limit: Int) {
        precondition(limit > 0, "a limit of \(limit) bytes")
        onLoop { transport in
            transport.ownExtras.maximumBuffered = limit
            transport.applyWriteBufferLimits()
        }
    }

    /// Above `high` bytes to be sent a producer is paused and the connection reads no more; with `low` or fewer it goes
    /// on. With 0 for both whenever anything waits to be sent. Any thread may call this.
    ///
    /// - Precondition: 0 ≤ `low` ≤ `high`.
    ///
    /// asyncio: `set_write_buffer_limits`.
    public func setWriteBufferLimits(high: Int, low: Int) {
        precondition(low >= 0 && low <= high, "limits of \(high) and \(low) bytes")
        onLoop { transport in
            transport.ownExtras.writeBufferLimits = (high, low)
            transport.applyWriteBufferLimits()
        }
    }

    /// Does something on the loop, now if that is where the caller is.
    func onLoop(_ body: @escaping @Sendable (StreamTransport) -> Void) {
        if loop.isCurrent { if isConnected { body(self) } } else { loop.enqueue { [self] in onLoop(body) } }
    }

    // MARK: Options of the socket

    /// Whether small pieces are sent at once; they are, unless this says otherwise. Nothing happens where no TCP
    /// carries the connection.
    ///
    /// C: `TCP_NODELAY`. Twisted: `setTcpNoDelay`.
    public func setTCPNoDelay(_ isOn: Bool) { set(.noDelay, isOn) }

    /// Whether the system asks a silent peer whether it is there.
    ///
    /// C: `SO_KEEPALIVE`. Twisted: `setTcpKeepAlive`.
    public func setTCPKeepAlive(_ isOn: Bool) { set(.keepAlive, isOn) }

    /// Urgent bytes stay where they stand in the stream.
    ///
    /// C: `SO_OOBINLINE`.
    func setUrgentInline() { set(.outOfBandInline, true) }

    private func set(_ option: SocketOption<Bool>, _ value: Bool) {
        onLoop { transport in
            _ = try? transport.carrier.onSocket(nil) { socket throws(SocketError) in try socket.set(option, to: value) }
        }
    }

    /// Sends a descriptor over a UNIX connection, with one byte to go with it, before anything that is written later.
    /// The peer gets one of its own; the caller's stays open and the caller's.
    ///
    /// - Throws: `.busy` while what was written has not been sent; `.closed`; `.unsupported` where no UNIX socket
    ///   carries the connection; `.wouldBlock` where the peer does not read.
    /// - Precondition: the caller is on the loop.
    ///
    /// C: `sendmsg(2)` with `SCM_RIGHTS`. Twisted: `IUNIXTransport.sendFileDescriptor`.
    public func sendFileDescriptor(_ descriptor: FileDescriptor) throws(SocketError) {
        precondition(loop.isCurrent, "a descriptor is sent on the connection's loop")
        if !isConnected { throw SocketError(.send, .closed, subject: "\(peer)") }
        if bufferedCount > 0 { throw SocketError(.send, .busy, subject: "\(peer)") }
        let sent = try carrier.onSocket(.sending) { socket throws(SocketError) in
            try socket.sendMessage([[0]], descriptors: [descriptor])
        }
        if sent == nil { throw SocketError(.send, .wouldBlock, subject: "\(peer)") }
    }
}

extension StreamTransport: PushProducer {
    /// Reads no more until ``resumeProducing()``; what is in the system's hands stays there, and the peer's sends come
    /// to wait.
    public func pauseProducing() { change(inserting: .isPaused) }

    /// Reads on.
    public func resumeProducing() {
        change(inserting: .hasResumed, removing: .isPaused)
    }

    /// Ends the connection: whom its bytes were for is gone.
    public func stopProducing() { loseConnection() }
}

extension StreamTransport: Consumer {
    /// The producer is paused when more than ``highWaterMark`` bytes wait to be sent, and resumed with
    /// ``lowWaterMark``. One of a connection that is gone is stopped; so is one that comes while there is another one,
    /// and the connection ends with ``CloseReason/failed(_:)``: no peer may bring that about unnoticed.
    ///
    /// - Precondition: the caller is on the loop.
    public func registerProducer(_ producer: any PushProducer) {
        register(.push(producer, isPaused: state.contains(.isFull)))
        if case .push(_, true) = extras?.producer { producer.pauseProducing() }
    }

    /// The producer is asked each time that everything has been sent, the first time soon.
    ///
    /// - Precondition: as ``registerProducer(_:)-(PushProducer)``.
    public func registerProducer(_ producer: any PullProducer) {
        register(.pull(producer, isAsked: false))
        change()
    }

    private func register(_ producer: Producer) {
        precondition(loop.isCurrent, "a producer is registered on the connection's loop")
        if !isConnected { return producer.stop() }
        if extras?.producer != nil {
            ownExtras.isRefusing = true
            producer.stop()
            ownExtras.isRefusing = false
            return end(.failed(SocketError(.send, .invalid("a second producer on one connection"))))
        }
        ownExtras.producer = producer
    }

    /// There is no producer any more. On the loop.
    public func unregisterProducer() {
        if extras?.isRefusing == true { return }
        extras?.producer = nil
        takeTurns()
        change()
    }
}

/// The time-out of Twisted's `TimeoutMixin`.
extension StreamTransport {
    /// Ends the connection when nothing is received and nothing sent for that long; nil takes the limit away. The
    /// protocol hears ``StreamProtocol/timeoutConnection(_:)``.
    ///
    /// - Parameter resetsOnTraffic: whether what is received and what is sent starts the time anew; else only
    ///   ``resetTimeout()`` does, so that a peer that sends a byte now and then gains nothing by it.
    public func setTimeout(_ limit: Duration?, resetsOnTraffic: Bool = true) {
        onLoop { transport in transport.ownExtras.setTimeout(limit, resetsOnTraffic, of: transport) }
    }

    /// Starts the time anew.
    public func resetTimeout() { onLoop { transport in transport.extras?.resetTimeout(transport.loop) } }
}
