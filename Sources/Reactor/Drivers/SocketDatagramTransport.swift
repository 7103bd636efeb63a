// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a UNIX receiver whose queue is full makes its senders wait. For a connected sender the kernel tells when
//           there is room again; for one that names the receiver at each send it never does, and poll and epoll say
//           "writable" all the time.
// Decision: such a sender tries again after `unixPause`.
// Facts:    a socket without a peer hears nothing of refusals, unless IP_RECVERR was set. Then the next call, whatever
//           it is about, fails with the refusal of an earlier datagram, and the queue of errors keeps the socket ready.
// Decision: what concerns one of many peers is passed over (P24), and the queue emptied.
package import Sockets
package import SystemPackage

/// A datagram socket on a loop. All state is the loop's; what may be called from any thread goes there first.
final class SocketDatagramTransport: DatagramTransport, ReadinessWatcher, @unchecked Sendable {
    private static let unixPause = Duration.milliseconds(1)

    let loop: EventLoop
    private let driver: ReadinessDriver
    /// Nil once it is closed.
    private var socket: SharedSocket?
    private var slot: Int?
    let reading: Waiting
    let writing: Waiting
    var receiving = Readiness()
    var sending = Readiness()
    private var isCancelled = false
    /// It was called ready, and nothing has come since: select does not tell an error from a datagram.
    var hasNothingToShow = false
    /// The kernel does not tell when what could not be sent will fit.
    var roomIsUntold = false
    /// What the system's 32 bits have counted so far, and what they said last.
    private var dropped = (total: 0, last: UInt32(0))
    let isInternet: Bool
    private(set) var localAddress: SocketAddress
    private(set) var peer: SocketAddress?

    init(_ socket: consuming Socket, loop: EventLoop, driver: ReadinessDriver) throws(SocketError) {
        self.loop = loop
        self.driver = driver
        reading = Waiting(on: loop)
        writing = Waiting(on: loop)
        localAddress = try socket.localAddress
        peer = socket.peer
        isInternet = socket.family == .ipv4 || socket.family == .ipv6
        self.socket = SharedSocket(socket)
    }

    deinit {
        // The last reference goes on the loop or before the transport was ever registered.
        if let slot { driver.remove(slot) }
    }

    var watchedDescriptor: FileDescriptor { socket?.descriptor ?? FileDescriptor(rawValue: -1) }

    var droppedCount: Int {
        if let now = try? socket?.socket.droppedDatagrams {
            dropped = (dropped.total + Int(now &- dropped.last), now)
        }
        return dropped.total
    }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> DatagramHead? {
        let socket = try open(.receive, reading)
        while receiving.mayAttempt {
            do throws(SocketError) {
                if let head = try socket.socket.receiveDatagramNow(into: &output) {
                    hasNothingToShow = false
                    receiving.noteSuccess()
                    return head
                }
                if hasNothingToShow { emptyErrorQueue() }
                receiving.noteBlocked()
            } catch {
                if peer != nil || !error.reason.concernsOneOfManyPeers { throw error }
            }
        }
        return nil
    }

    func sendNow(_ bytes: RawSpan, to address: SocketAddress?, by path: DatagramPath?) throws(SocketError) -> Bool {
        let socket = try open(.send, writing)
        if address == nil && peer == nil { throw SocketError(.send, error: .socketNotConnected) }
        if !sending.mayAttempt { return false }
        let isTaken: Bool
        do throws(SocketError) { isTaken = try socket.socket.sendNow(bytes, to: address, by: path) } catch {
            guard isInternet, peer == nil, error.reason.concernsOneOfManyPeers else { throw error }
            // The error was an earlier datagram's or is this one's own: then it comes again.
            isTaken = try socket.socket.sendNow(bytes, to: address, by: path)
        }
        if isTaken {
            sending.noteSuccess()
        } else {
            sending.noteBlocked()
            roomIsUntold = !isInternet && address != nil
        }
        return isTaken
    }

    func checkReceiving() throws(SocketError) { _ = try open(.receive, reading) }

    @inline(__always)
    func open(
        _ operation: SocketError.Operation, _ direction: Waiting? = nil
    ) throws(SocketError) -> SharedSocket {
        if let socket, !isCancelled, direction?.isBusy != true { return socket }
        let reason: SocketError.Reason = socket == nil ? .closed : isCancelled ? .cancelled : .busy
        throw SocketError(operation, reason, subject: "\(peer ?? localAddress)")
    }

    // MARK: Waits

    func waitToReceive() throws(SocketError) -> Waiting? {
        _ = try open(.receive, reading)
        if receiving.mayAttempt { return nil }
        if receiving.takeTurn() {
            reading.wakeOnItsLoop()
        } else {
            try driver.arm(try register(), .readable)
        }
        return reading
    }

    func waitToSend() throws(SocketError) -> Waiting? {
        _ = try open(.send, writing)
        if sending.mayAttempt { return nil }
        if sending.takeTurn() {
            writing.wakeOnItsLoop()
        } else if roomIsUntold {
            roomIsUntold = false
            sending.becomeReady()
            loop.schedule(after: Self.unixPause) { [writing] in writing.wake() }
        } else {
            try driver.arm(try register(), .writable)
        }
        return writing
    }

    private func register() throws(SocketError) -> Int {
        if let slot { return slot }
        let slot = try driver.add(self)
        self.slot = slot
        return slot
    }

    func becomeReady(_ ready: Interest, hasEnded: Bool) {
        if hasEnded { emptyErrorQueue() }
        receiving.noteTurn()
        sending.noteTurn()
        if ready.contains(.readable) {
            hasNothingToShow = true
            receiving.becomeReady()
            reading.wake()
        }
        if ready.contains(.writable) {
            sending.becomeReady()
            writing.wake()
        }
    }

    func emptyErrorQueue() {
        guard isInternet, peer == nil, let socket else { return }
        while (try? socket.socket.receiveMessage(upTo: 1, flags: .errorQueue)) != nil {}
    }

    // MARK: The end

    func close() {
        loop.perform { [self] in
            if let slot {
                driver.remove(slot)
                self.slot = nil
            }
            reading.disarm()
            writing.disarm()
            _ = droppedCount
            socket = nil
            reading.wake(.closed)
            writing.wake(.closed)
        }
    }

    func cancel() {
        loop.perform { [self] in
            isCancelled = true
            reading.wake(.cancelled)
            writing.wake(.cancelled)
        }
    }
}

/// Peers, groups, options.
extension SocketDatagramTransport {
    func connect(to address: SocketAddress) throws(SocketError) {
        let socket = try open(.connect)
        try socket.socket.setPeer(address)
        peer = address
        localAddress = (try? socket.socket.localAddress) ?? localAddress
        // What could not be sent before may be sendable to the new peer.
        roomIsUntold = false
        sending.becomeReady()
    }

    func join(_ membership: MulticastMembership) throws(SocketError) {
        try open(.setOption).socket.join(membership)
    }

    func leave(_ membership: MulticastMembership) throws(SocketError) {
        try open(.setOption).socket.leave(membership)
    }

    func allowBroadcast(_ isAllowed: Bool) throws(SocketError) {
        try set(.broadcast, to: isAllowed)
    }

    func value<Value>(of option: SocketOption<Value>) throws(SocketError) -> Value {
        try open(.getOption).socket[option]
    }

    func set<Value>(_ option: SocketOption<Value>, to value: Value) throws(SocketError) {
        try open(.setOption).socket.set(option, to: value)
    }
}

extension SocketError.Reason {
    /// Whether it tells what became of a datagram that was sent to one peer: `icmp(7)`, `ip(7)` under `IP_RECVERR`.
    var concernsOneOfManyPeers: Bool {
        guard case .system(let error) = self else { return false }
        return [
            .connectionRefused, .noRouteToHost, .networkUnreachable, .hostIsDown, .protocolNotAvailable,
            .protocolError, .messageTooLong,
        ].contains(error)
    }
}

extension ReadinessDriver {
    package func openDatagrams(
        at address: SocketAddress, options: DatagramSocket.Options
    ) throws(SocketError) -> any DatagramTransport {
        let socket = try Socket.datagram(at: address, sharesAddress: options.sharesAddress)
        if options.allowsBroadcast { try socket.set(.broadcast, to: true) }
        if options.tellsPath { try socket.set(address.family == .ipv6 ? .ipv6PacketInfo : .packetInfo, to: true) }
        if let size = options.receiveBuffer { try socket.set(.receiveBuffer, to: size) }
        if let size = options.sendBuffer { try socket.set(.sendBuffer, to: size) }
        return try SocketDatagramTransport(socket, loop: loop, driver: self)
    }

    package func adoptDatagrams(_ descriptor: FileDescriptor) throws(SocketError) -> any DatagramTransport {
        let socket = try Socket(adopting: descriptor)
        guard socket.kind == .datagram else {
            let kind = socket.kind
            _ = socket.detach()
            throw SocketError(.adopt, .invalid("a \(kind) socket"), subject: "descriptor \(descriptor.rawValue)")
        }
        // What can fail is asked before the descriptor is anybody else's.
        do throws(SocketError) { _ = try socket.localAddress } catch {
            _ = socket.detach()
            throw error
        }
        return try SocketDatagramTransport(socket, loop: loop, driver: self)
    }
}
