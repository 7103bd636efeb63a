// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// Listening and connecting with protocols. All of it is called on the loop, or before the loop runs.
extension EventLoop {
    /// Listens for TCP: when this returns clients can connect.
    ///
    /// - Parameters:
    ///   - port: 0 lets the system choose: ``ListeningPort/port`` tells.
    ///   - interface: the address to listen at, "0.0.0.0" or "::" for every interface. Twisted's default is every
    ///     one; here it is this machine only.
    /// - Throws: ``SocketError/isAddressInUse``, ``SocketError/isAddressNotAvailable``,
    ///   ``SocketError/isPermissionDenied`` (all of them Twisted's `CannotListenError`); `.address` for an interface
    ///   that is no address.
    /// - Precondition: the caller is on the loop, or nobody turns it yet.
    ///
    /// Twisted: `reactor.listenTCP`.
    @discardableResult
    public func listenTCP(
        _ port: Port, _ factory: some ProtocolFactory, backlog: Int = Listener.defaultBacklog,
        interface: String = "127.0.0.1"
    ) throws(SocketError) -> ListeningPort {
        let address = try Self.address(interface, port)
        return try enter { () throws(SocketError) in
            start(try driver.listen(at: address, backlog: backlog, reusesPort: false), factory)
        }
    }

    /// Listens where an endpoint says: `":1234"`, `"[::]:80"`, `"unix:/run/app"`, `"systemd:web"`, `"fd:3"`.
    ///
    /// - Throws: as ``listenTCP(_:_:backlog:interface:)``; `.invalid` for a name, which would have to be looked up.
    ///
    /// Twisted: `serverFromString(…).listen(factory)`, `adoptStreamPort`.
    @discardableResult
    public func listen(
        on endpoint: some EndpointConvertible, _ factory: some ProtocolFactory,
        backlog: Int = Listener.defaultBacklog
    ) throws(SocketError) -> [ListeningPort] {
        let target = try ListenTarget(known: endpoint)
        return try enter { () throws(SocketError) in
            try target.listen(backlog: backlog, reusesPort: false, on: self).map { start($0, factory) }
        }
    }

    func start(
        _ acceptor: any Acceptor, _ factory: some ProtocolFactory, owning lock: ProcessLock? = nil
    ) -> ListeningPort {
        let port = ListeningPort(acceptor, factory, owning: lock, on: self)
        port.start()
        return port
    }

    // MARK: Connecting

    /// Connects by TCP. The factory hears what comes of it.
    ///
    /// - Parameters:
    ///   - host: an address or a name; of a name's addresses the first that answers is taken, as ``Connector`` says.
    ///   - timeout: the most that looking up and connecting may take together.
    ///   - bindAddress: the local address to connect from.
    /// - Throws: `.address` for what can be no host.
    /// - Precondition: as ``listenTCP(_:_:backlog:interface:)``.
    ///
    /// Twisted: `reactor.connectTCP`.
    @discardableResult
    public func connectTCP(
        _ host: String, _ port: Port, _ factory: some ClientProtocolFactory, timeout: Duration = .seconds(30),
        bindAddress: SocketAddress? = nil
    ) throws(SocketError) -> ClientConnector {
        let endpoint: Endpoint
        do throws(AddressError) {
            if let address = try? IPAddress(host) {
                endpoint = Endpoint(.address(address), port)
            } else {
                endpoint = Endpoint(.name(try HostName(host)), port)
            }
        } catch {
            throw SocketError(.connect, .address(error))
        }
        return try connect(to: endpoint, factory, timeout: timeout, bindAddress: bindAddress)
    }

    /// Connects where an endpoint says: `"example.test:80"`, `"unix:/run/app"`.
    ///
    /// - Throws: `.address` for what is no endpoint.
    ///
    /// Twisted: `clientFromString(…).connect(factory)`.
    @discardableResult
    public func connect(
        to endpoint: some EndpointConvertible, _ factory: some ClientProtocolFactory,
        timeout: Duration = .seconds(30), bindAddress: SocketAddress? = nil
    ) throws(SocketError) -> ClientConnector {
        let known: Endpoint
        do throws(AddressError) { known = try endpoint.endpoint() } catch {
            throw SocketError(.connect, .address(error))
        }
        return try begin(
            ClientConnector(to: known, by: Connector(timeout: timeout, from: bindAddress), factory, on: self))
    }

    func begin(_ connector: ClientConnector) throws(SocketError) -> ClientConnector {
        try enter { connector.connect() }
        return connector
    }

    /// Has a protocol serve a connection that is there already: of an accepted socket, of descriptors
    /// (``StandardIO``), of TLS. The connection is not to be used otherwise any more; what it has read ahead is lost.
    ///
    /// - Precondition: the connection belongs to this loop, and the caller is on it.
    ///
    /// Twisted: `adoptStreamConnection`, `stdio.StandardIO`.
    @discardableResult
    public func adopt(_ connection: Connection, _ handler: any StreamProtocol) -> StreamTransport {
        precondition(connection.loop === self && isCurrent, "a connection is adopted on its own loop")
        let transport = StreamTransport(connection.handOver(), handler, owner: .nobody)
        callbacks.append { transport.begin() }
        return transport
    }
}
