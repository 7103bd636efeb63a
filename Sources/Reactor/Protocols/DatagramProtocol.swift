// SPDX-License-Identifier: Apache-2.0
public import Sockets

/// What happens on a socket for datagrams, as calls of a loop: Twisted's `DatagramProtocol`.
///
/// ```swift
/// struct Echo: DatagramProtocol {
///     func datagramReceived(_ data: RawSpan, from sender: SocketAddress, _ port: DatagramPort) {
///         port.write(data, to: sender)
///     }
/// }
/// try loop.listenUDP(8080, Echo())
/// ```
/// All of it is called on the loop, one at a time, and never from within a call that it makes itself.
public protocol DatagramProtocol {
    /// The socket is there. Twisted: `startProtocol`.
    mutating func startProtocol(_ port: DatagramPort)

    /// A datagram has come: its bytes, cut to ``DatagramPort/maximumPacketSize``, are lent until this returns.
    mutating func datagramReceived(_ data: RawSpan, from sender: SocketAddress, _ port: DatagramPort)

    /// The peer's machine has refused an earlier datagram. Only after ``DatagramPort/connect(to:)``.
    mutating func connectionRefused(_ port: DatagramPort)

    /// The socket is closed: nil when this side did that, else what the system said. Twisted: `stopProtocol`.
    mutating func stopProtocol(_ port: DatagramPort, _ error: SocketError?)
}

extension DatagramProtocol {
    /// Nothing.
    public mutating func startProtocol(_ port: DatagramPort) {}
    /// Nothing.
    public mutating func connectionRefused(_ port: DatagramPort) {}
    /// Nothing.
    public mutating func stopProtocol(_ port: DatagramPort, _ error: SocketError?) {}
}

/// A socket for datagrams with a protocol: Twisted's `IUDPTransport`, `IMulticastTransport`, `IUNIXDatagramTransport`.
///
/// It is used on the loop, or before the loop runs.
public final class DatagramPort: LoopService, WaitObserver, @unchecked Sendable {
    /// The most bytes of a datagram unless a caller says otherwise, as in Twisted.
    public static let defaultMaximumPacketSize = 8192

    /// The loop that it belongs to.
    public let loop: EventLoop
    /// The most bytes of a datagram that the protocol is given; the rest of a longer one is lost.
    public let maximumPacketSize: Int
    private let carrier: any DatagramTransport
    private var handler: any DatagramProtocol
    private var isOpen = false
    private var isPaused = false
    private var isWaiting = false
    private var waitsToSend = false
    /// How many datagrams were written and not sent, because the system had no room for them.
    public private(set) var unsentCount = 0

    init(_ carrier: any DatagramTransport, _ handler: any DatagramProtocol, maximumPacketSize: Int, on loop: EventLoop)
    {
        self.carrier = carrier
        self.handler = handler
        self.maximumPacketSize = maximumPacketSize
        self.loop = loop
    }

    /// Its own address, with the real port. Twisted: `getHost`.
    public var host: SocketAddress { carrier.localAddress }

    func start() {
        isOpen = true
        loop.callbacks.enter(self)
        loop.callbacks.append { [self] in
            handler.startProtocol(self)
            receive()
        }
    }

    func waitEnded(_ role: WaitRole, _ reason: SocketError.Reason?) {
        if role == .sending {
            waitsToSend = false
            return
        }
        isWaiting = false
        if let reason, isOpen { return end(SocketError(.receive, reason, subject: "\(host)")) }
        receive()
    }

    /// Hands over what has come, as long as it is wanted, and waits for more.
    private func receive() {
        while isOpen && !isPaused && !isWaiting {
            do throws(SocketError) {
                if try receiveOne() { continue }
                if let waiting = try carrier.waitToReceive() {
                    isWaiting = true
                    waiting.observe(self, as: .receiving)
                }
            } catch {
                if error.isConnectionRefused { handler.connectionRefused(self) } else { end(error) }
            }
        }
    }

    private func receiveOne() throws(SocketError) -> Bool {
        let memory = unsafe loop.buffers.take()
        defer { unsafe loop.buffers.giveBack(memory) }
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<min(maximumPacketSize, memory.count)])
        var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
        let head = try carrier.receiveNow(into: &output)
        let count = unsafe output.finalize(for: room)
        guard let head else { return false }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: room[..<count]).bytes
        handler.datagramReceived(bytes, from: head.sender, self)
        return true
    }

    // MARK: Sending

    /// Sends a datagram, whole, to an address, or to the peer that ``connect(to:)`` gave.
    ///
    /// - Returns: false where the system had no room for it: it is lost, as any datagram may be.
    /// - Throws: ``SocketError/isNotConnected`` where there is neither an address nor a peer; `EMSGSIZE` for one that
    ///   is too long (Twisted: `MessageLengthError`); ``SocketError/isPermissionDenied`` for a broadcast that was not
    ///   allowed; ``SocketError/isConnectionRefused`` where the peer has refused an earlier one; `.closed`.
    ///
    /// Twisted: `write`.
    @discardableResult
    public func write(_ bytes: RawSpan, to address: SocketAddress? = nil) throws(SocketError) -> Bool {
        if !isOpen { throw SocketError(.send, .closed, subject: "\(host)") }
        if !waitsToSend {
            if try carrier.sendNow(bytes, to: address, by: nil) { return true }
            // Nobody waits for room, but a transport learns of it by a wait.
            if let waiting = try carrier.waitToSend() {
                waitsToSend = true
                waiting.observe(self, as: .sending)
            }
        }
        unsentCount += 1
        return false
    }

    /// Sends the bytes of an array; see ``write(_:to:)-(RawSpan,_)``.
    @discardableResult
    public func write(_ bytes: [UInt8], to address: SocketAddress? = nil) throws(SocketError) -> Bool {
        try write(unsafe bytes.span.bytes, to: address)
    }

    /// Sends text as UTF-8; see ``write(_:to:)-(RawSpan,_)``.
    @discardableResult
    public func write(_ text: String, to address: SocketAddress? = nil) throws(SocketError) -> Bool {
        try write(unsafe text.utf8.span.bytes, to: address)
    }

    /// From now on it receives from this address only, and sends there by default. Nothing is sent, and nobody is
    /// asked. Twisted: `connect`.
    public func connect(to address: SocketAddress) throws(SocketError) { try carrier.connect(to: address) }

    /// Hands nothing over until ``resumeProducing()``; what comes meanwhile waits in the system's buffer, or is lost.
    public func pauseProducing() { isPaused = true }

    /// Goes on.
    public func resumeProducing() {
        isPaused = false
        loop.callbacks.append { [self] in receive() }
    }

    // MARK: Groups

    /// From now on the group's datagrams come here too.
    ///
    /// - Parameters:
    ///   - interface: the number of the interface by which they come; the system chooses for 0.
    ///   - source: the only sender that is wanted.
    /// - Throws: `.invalid` for what is no group, ``SocketError/isAddressInUse`` when it was joined already.
    ///
    /// Twisted: `joinGroup`.
    public func joinGroup(_ group: IPAddress, interface: UInt32 = 0, source: IPAddress? = nil) throws(SocketError) {
        try carrier.join(MulticastMembership(group: group, interface: interface, source: source))
    }

    /// The group's datagrams come here no longer.
    ///
    /// - Throws: ``SocketError/isAddressNotAvailable`` when it was not joined.
    ///
    /// Twisted: `leaveGroup`.
    public func leaveGroup(_ group: IPAddress, interface: UInt32 = 0, source: IPAddress? = nil) throws(SocketError) {
        try carrier.leave(MulticastMembership(group: group, interface: interface, source: source))
    }

    private var isIPv6: Bool { host.family == .ipv6 }

    /// How many routers a datagram to a group may pass, 0 to 255; 1 at first. Twisted: `setTTL`.
    public func setTTL(_ hops: Int) throws(SocketError) {
        try carrier.set(isIPv6 ? .ipv6MulticastHops : .multicastTimeToLive, to: hops)
    }

    /// Whether datagrams to groups come back to this machine; they do at first. Twisted: `setLoopbackMode`.
    public func setLoopbackMode(_ isOn: Bool) throws(SocketError) {
        try carrier.set(isIPv6 ? .ipv6MulticastLoopback : .multicastLoopback, to: isOn)
    }

    /// By which interface datagrams to groups go: its number. Twisted: `setOutgoingInterface`.
    public func setOutgoingInterface(_ index: UInt32) throws(SocketError) {
        if isIPv6 {
            try carrier.set(.ipv6MulticastInterface, to: Int(index))
        } else {
            try carrier.set(.multicastInterface, to: MulticastInterface(index: index))
        }
    }

    /// Whether datagrams may be sent to broadcast addresses; not at first. Twisted: `setBroadcastAllowed`.
    public func setBroadcastAllowed(_ isAllowed: Bool) throws(SocketError) { try carrier.allowBroadcast(isAllowed) }

    // MARK: The end

    /// Closes the socket. Any thread may call this, again and again. Twisted: `stopListening`.
    public func stopListening() { loop.perform { [self] in end() } }

    func end() { end(nil) }

    private func end(_ error: SocketError?) {
        if !isOpen { return }
        isOpen = false
        carrier.close()
        loop.callbacks.leave(self)
        loop.callbacks.append { [self] in
            handler.stopProtocol(self, error)
            // It may have its port, and they would keep each other for ever.
            handler = NoProtocol()
        }
    }
}

/// What hears nothing: a port that is closed has no protocol any more.
private struct NoProtocol: DatagramProtocol {
    func datagramReceived(_ data: RawSpan, from sender: SocketAddress, _ port: DatagramPort) {}
}

extension EventLoop {
    /// Receives datagrams at a port.
    ///
    /// - Parameters:
    ///   - port: 0 lets the system choose.
    ///   - interface: the address to receive at, "0.0.0.0" or "::" for every interface. Twisted's default is every
    ///     one; here it is this machine only.
    /// - Throws: as ``listenTCP(_:_:backlog:interface:)``.
    /// - Precondition: as there; `maximumPacketSize` is positive.
    ///
    /// Twisted: `reactor.listenUDP`.
    @discardableResult
    public func listenUDP(
        _ port: Port, _ handler: any DatagramProtocol, interface: String = "127.0.0.1",
        maximumPacketSize: Int = DatagramPort.defaultMaximumPacketSize
    ) throws(SocketError) -> DatagramPort {
        let address = try Self.address(interface, port)
        return try open(address, DatagramSocket.Options(), handler, maximumPacketSize)
    }

    /// Receives datagrams of groups at a port of every interface: ``DatagramPort/joinGroup(_:interface:source:)`` says
    /// of which.
    ///
    /// - Parameter listenMultiple: whether several sockets may have the port, if all say so: each gets every datagram
    ///   to a group.
    /// - Throws: as ``listenTCP(_:_:backlog:interface:)``.
    ///
    /// Twisted: `reactor.listenMulticast`.
    @discardableResult
    public func listenMulticast(
        _ port: Port, _ handler: any DatagramProtocol, interface: String = "0.0.0.0",
        maximumPacketSize: Int = DatagramPort.defaultMaximumPacketSize, listenMultiple: Bool = false
    ) throws(SocketError) -> DatagramPort {
        let address = try Self.address(interface, port)
        return try open(address, DatagramSocket.Options(sharesAddress: listenMultiple), handler, maximumPacketSize)
    }

    /// Receives datagrams at a UNIX path.
    ///
    /// - Throws: as ``listenTCP(_:_:backlog:interface:)``.
    ///
    /// Twisted: `reactor.listenUNIXDatagram`.
    @discardableResult
    public func listenUNIXDatagram(
        _ path: String, _ handler: any DatagramProtocol,
        maximumPacketSize: Int = DatagramPort.defaultMaximumPacketSize
    ) throws(SocketError) -> DatagramPort {
        try open(try Self.unixAddress(path, .bind), DatagramSocket.Options(), handler, maximumPacketSize)
    }

    /// Sends datagrams to a UNIX path, and receives answers at a path of its own or at a name that the system makes up.
    ///
    /// - Throws: ``SocketError/isConnectionRefused`` where there is nobody; as ``listenTCP(_:_:backlog:interface:)``.
    ///
    /// Twisted: `reactor.connectUNIXDatagram`.
    @discardableResult
    public func connectUNIXDatagram(
        _ path: String, _ handler: any DatagramProtocol, bindAddress: String? = nil,
        maximumPacketSize: Int = DatagramPort.defaultMaximumPacketSize
    ) throws(SocketError) -> DatagramPort {
        let peer = try Self.unixAddress(path, .connect)
        let own = try bindAddress.map { (path) throws(SocketError) in try Self.unixAddress(path, .bind) }
        return try open(
            own ?? .unix(.unnamed), DatagramSocket.Options(), handler, maximumPacketSize, connectedTo: peer)
    }

    /// Takes over a socket for datagrams that is there already; if this throws it stays the caller's.
    ///
    /// - Throws: `.invalid` for what is none, `.unsupported` in a simulation.
    ///
    /// Twisted: `adoptDatagramPort`.
    @discardableResult
    public func adoptDatagramPort(
        _ descriptor: FileDescriptor, _ handler: any DatagramProtocol,
        maximumPacketSize: Int = DatagramPort.defaultMaximumPacketSize
    ) throws(SocketError) -> DatagramPort {
        try enter { () throws(SocketError) in
            start(try driver.adoptDatagrams(descriptor), handler, maximumPacketSize)
        }
    }

    private func open(
        _ address: SocketAddress, _ options: DatagramSocket.Options, _ handler: any DatagramProtocol,
        _ maximumPacketSize: Int, connectedTo peer: SocketAddress? = nil
    ) throws(SocketError) -> DatagramPort {
        try enter { () throws(SocketError) in
            let carrier = try driver.openDatagrams(at: address, options: options)
            do throws(SocketError) { if let peer { try carrier.connect(to: peer) } } catch {
                carrier.close()
                throw error
            }
            return start(carrier, handler, maximumPacketSize)
        }
    }

    private func start(
        _ carrier: any DatagramTransport, _ handler: any DatagramProtocol, _ maximumPacketSize: Int
    ) -> DatagramPort {
        precondition(maximumPacketSize > 0, "at most \(maximumPacketSize) bytes of a datagram can't be received")
        let port = DatagramPort(carrier, handler, maximumPacketSize: maximumPacketSize, on: self)
        port.start()
        return port
    }

    static func address(_ interface: String, _ port: Port) throws(SocketError) -> SocketAddress {
        do throws(AddressError) { return SocketAddress(try IPAddress(interface), port) } catch {
            throw SocketError(.listen, .address(error))
        }
    }
}
