// SPDX-License-Identifier: Apache-2.0
package import Sockets

/// A listening socket on a loop.
final class SocketAcceptor: Acceptor, ReadinessWatcher, @unchecked Sendable {
    private let loop: EventLoop
    private let driver: ReadinessDriver
    private var socket: SharedSocket?
    private var slot: Int?
    private let waiting: Waiting
    private var accepting = Readiness()
    private var spare = SpareDescriptors()
    let localAddress: SocketAddress
    /// The own address of every client's socket, where it can be known beforehand: a question less to the system.
    private let clientsAddress: SocketAddress?

    init(_ socket: consuming Socket, loop: EventLoop, driver: ReadinessDriver) throws(SocketError) {
        try socket.setTimeLimit(.zero)
        localAddress = try socket.localAddress
        clientsAddress = socket.catchesForeign ? nil : localAddress
        // What it accepts inherits that.
        SocketTransport.sendAtOnce(socket)
        self.loop = loop
        self.driver = driver
        waiting = Waiting(on: loop)
        self.socket = SharedSocket(socket)
    }

    deinit {
        if let slot { driver.remove(slot) }
    }

    var watchedDescriptor: FileDescriptor { socket?.descriptor ?? FileDescriptor(rawValue: -1) }

    func acceptNow() throws(SocketError) -> (any Transport)? {
        if accepting.mayAttempt, let socket, spare.areAllThatIsLeft() {
            // Without a client nothing is short.
            if (try? SystemCalls.isReady(socket.descriptor.rawValue, for: .readable)) == true {
                throw SocketError(.accept, error: .tooManyOpenFiles, subject: "\(localAddress)")
            }
            accepting.noteBlocked()
        }
        return try acceptToRefuse()
    }

    func acceptToRefuse() throws(SocketError) -> (any Transport)? {
        guard let socket else { throw SocketError(.accept, .closed, subject: "\(localAddress)") }
        if !accepting.mayAttempt { return nil }
        guard let client = try socket.socket.acceptNow() else {
            accepting.noteBlocked()
            return nil
        }
        accepting.noteSuccess()
        spare.note(client.descriptor.rawValue)
        let address = clientsAddress ?? (try? client.localAddress)
        return SocketTransport(client, at: address, isOwn: true, loop: loop, driver: driver)
    }

    func waitForClient() throws(SocketError) -> Waiting? {
        if socket == nil { throw SocketError(.accept, .closed, subject: "\(localAddress)") }
        if accepting.mayAttempt { return nil }
        if waiting.isBusy { throw SocketError(.accept, .busy, subject: "\(localAddress)") }
        if accepting.takeTurn() {
            waiting.wakeOnItsLoop()
        } else {
            if slot == nil { slot = try driver.add(self) }
            if let slot { try driver.arm(slot, .readable) }
        }
        return waiting
    }

    func becomeReady(_ ready: Interest, hasEnded: Bool) {
        accepting.noteTurn()
        accepting.becomeReady()
        waiting.wake()
    }

    func close() {
        loop.perform { [self] in
            if let slot { driver.remove(slot) }
            slot = nil
            waiting.disarm()
            socket = nil
            waiting.wake(.closed)
        }
    }
}

extension Socket {
    /// Whether it takes clients that called another address than its own.
    fileprivate var catchesForeign: Bool {
        guard let ip = (try? localAddress)?.ip else { return false }
        let isTransparent = try? self[family == .ipv6 ? .ipv6Transparent : .transparent]
        return ip.isUnspecified || isTransparent != false
    }
}

extension ReadinessDriver {
    package func connect(to address: SocketAddress, from source: SocketAddress?) throws(SocketError) -> any Transport {
        var socket = try Socket(address.family, .stream)
        if let source { try socket.bind(to: source) }
        _ = try socket.connectNow(to: address)
        return SocketTransport(socket, loop: loop, driver: self)
    }

    package func listen(at address: SocketAddress, backlog: Int, reusesPort: Bool) throws(SocketError) -> any Acceptor {
        let socket = try Socket.listening(at: address, backlog: backlog, reusesPort: reusesPort)
        return try SocketAcceptor(socket, loop: loop, driver: self)
    }

    package func adopt(listening socket: consuming Socket) throws(SocketError) -> any Acceptor {
        try SocketAcceptor(socket, loop: loop, driver: self)
    }

    package func adopt(connected socket: consuming Socket) throws(SocketError) -> any Transport {
        try socket.setTimeLimit(.zero)
        return SocketTransport(socket, loop: loop, driver: self)
    }

    package func makePair() throws(SocketError) -> (any Transport, any Transport) {
        let pair = try SocketPair()
        return (
            SocketTransport(try pair.first.duplicate(), loop: loop, driver: self),
            SocketTransport(try pair.second.duplicate(), loop: loop, driver: self)
        )
    }
}
