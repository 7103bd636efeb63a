// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// What is open already: sockets, and other descriptors. All of it is called on the loop, or before the loop runs.
extension EventLoop {
    /// Has a factory serve a socket that is bound, or listens already: one that a supervisor has passed, say. It is the
    /// port's from now on; if this throws it is closed.
    ///
    /// - Parameter backlog: how many finished connections wait to be accepted, if it does not listen yet.
    /// - Throws: `.invalid` for one that is none of a stream; what `listen(2)` says; `.unsupported` in a simulation.
    ///
    /// Twisted: `reactor.adoptStreamPort`.
    @discardableResult
    public func adoptStreamPort(
        _ socket: consuming Socket, _ factory: some ProtocolFactory, backlog: Int = Listener.defaultBacklog
    ) throws(SocketError) -> ListeningPort {
        try socket.listenIfItDoesNot(backlog: backlog)
        let parcel = Parcel(socket)
        return try enter { () throws(SocketError) in
            start(try driver.adopt(listening: try parcel.open(.listen)), factory)
        }
    }

    /// Has a factory's protocol serve a connected socket. It is the transport's from now on; if this throws it is
    /// closed.
    ///
    /// - Returns: nil when the factory refuses the peer: the connection is closed then.
    /// - Throws: ``SocketError/isNotConnected``; `.unsupported` in a simulation.
    ///
    /// Twisted: `reactor.adoptStreamConnection`.
    @discardableResult
    public func adoptStreamConnection(
        _ socket: consuming Socket, _ factory: some ProtocolFactory
    ) throws(SocketError) -> StreamTransport? {
        let parcel = Parcel(socket)
        return try enter { () throws(SocketError) in
            let carrier = try driver.adopt(connected: try parcel.open(.adopt))
            guard let handler = factory.buildProtocol(carrier.peer ?? .unix(.unnamed)) else {
                carrier.close()
                return nil
            }
            let transport = StreamTransport(carrier, handler, owner: .nobody)
            callbacks.append { transport.begin() }
            return transport
        }
    }

    /// Calls `action` once a turn for as long as reading from a descriptor would not have to wait: until the callback
    /// is cancelled, or ``stopWatching(_:)`` says that the descriptor is about to be closed. It stays its owner's.
    ///
    /// - Throws: `.busy` when somebody waits for that already, `.invalid` for what can't be watched (a regular file
    ///   with epoll), `.unsupported` in a simulation.
    ///
    /// Twisted: `reactor.addReader`; `removeReader` is ``DescriptorCallback/cancel()``.
    public func addReader(
        _ descriptor: FileDescriptor, _ action: @escaping @Sendable () -> Void
    ) throws(SocketError) -> DescriptorCallback {
        try add(DescriptorCallback(action, for: .readable, descriptor, on: self), .readable, descriptor)
    }

    /// The same for writing.
    ///
    /// - Throws: as ``addReader(_:_:)``.
    ///
    /// Twisted: `reactor.addWriter`; `removeWriter` is ``DescriptorCallback/cancel()``.
    public func addWriter(
        _ descriptor: FileDescriptor, _ action: @escaping @Sendable () -> Void
    ) throws(SocketError) -> DescriptorCallback {
        try add(DescriptorCallback(action, for: .writable, descriptor, on: self), .writable, descriptor)
    }

    private func add(
        _ callback: DescriptorCallback, _ interest: Interest, _ descriptor: FileDescriptor
    ) throws(SocketError) -> DescriptorCallback {
        try enter { () throws(SocketError) in try listen(to: descriptor, for: interest, .callback(callback)) }
        return callback
    }
}
