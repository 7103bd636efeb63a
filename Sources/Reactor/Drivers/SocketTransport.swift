// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage

/// A stream socket on a loop. All state is the loop's; what may be called from any thread goes there first.
final class SocketTransport: Transport, ReadinessWatcher, @unchecked Sendable {
    private(set) var loop: EventLoop
    private var driver: ReadinessDriver
    /// Nil once it is closed.
    private var socket: SharedSocket?
    /// Its descriptor, for the calls of every request.
    private let number: CInt
    private var slot: Int?
    /// Where the tasks wait; made when the first one does.
    private var reading: Waiting?
    private var writing: Waiting?
    private var receiving = Readiness()
    private var sending = Readiness()
    /// From now on a short read does not mean that nothing is left to be read: an end or an error was told, or an
    /// urgent byte, in front of which a receive stops. On a UNIX socket one stops behind each descriptor.
    private var stopsShort: Bool
    private var isCancelled = false
    /// Whether somebody else may have a duplicate of the descriptor: it was not opened here, or was lent.
    private var mayBeShared: Bool
    let peer: SocketAddress?
    let localAddress: SocketAddress?

    convenience init(_ socket: consuming Socket, loop: EventLoop, driver: ReadinessDriver) {
        Self.sendAtOnce(socket)
        // Calls that take no flag for it must not wait either. It fails for a descriptor that is no socket.
        if socket.timeLimit != .zero { try? socket.setTimeLimit(.zero) }
        let address = try? socket.localAddress
        self.init(SharedSocket(socket), at: address, isOwn: false, loop: loop, driver: driver)
    }

    /// One that is as a transport's should be: it never waits, and sends at once.
    ///
    /// - Parameter isOwn: nobody else has had the descriptor.
    convenience init(
        _ socket: consuming Socket, at localAddress: SocketAddress?, isOwn: Bool, loop: EventLoop,
        driver: ReadinessDriver
    ) {
        self.init(SharedSocket(socket), at: localAddress, isOwn: isOwn, loop: loop, driver: driver)
    }

    /// The same for one that somebody else holds too.
    init(
        _ shared: SharedSocket, at localAddress: SocketAddress?, isOwn: Bool, loop: EventLoop, driver: ReadinessDriver
    ) {
        mayBeShared = !isOwn
        self.loop = loop
        self.driver = driver
        self.localAddress = localAddress
        peer = shared.socket.peer
        stopsShort = peer?.ip == nil
        number = shared.descriptor.rawValue
        socket = shared
    }

    /// Requests and answers are the rule, and Nagle's algorithm delays them by 40 ms.
    static func sendAtOnce(_ socket: borrowing Socket) {
        if socket.family == .ipv4 || socket.family == .ipv6 { try? socket.set(.noDelay, to: true) }
    }

    deinit {
        // The last reference goes on the loop or before the transport was ever registered.
        if let slot { driver.remove(slot) }
    }

    var watchedDescriptor: FileDescriptor { socket?.descriptor ?? FileDescriptor(rawValue: -1) }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        try check(.receive, reading)
        if !receiving.mayAttempt { return .wouldBlock }
        let room = output.freeCapacity
        if room == 0 { throw SocketError(.receive, .invalid("there must be room for at least 1 byte")) }
        let attempt: TransferAttempt
        do throws(Errno) { attempt = try Socket.receiveNow(number, into: &output) } catch {
            throw SocketError(.receive, error: error, subject: subject)
        }
        switch attempt {
        // A short read has emptied the socket: the next attempt would find nothing, unless the end is still to be told.
        case .moved(let count):
            if !stopsShort && Socket.isEmptied(by: count, of: room) {
                receiving.noteBlocked()
            } else {
                receiving.noteSuccess()
            }
        case .wouldBlock: receiving.noteBlocked()
        case .ended: break
        }
        return attempt
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        try check(.send, writing)
        if !sending.mayAttempt { return .wouldBlock }
        let attempt: TransferAttempt
        do throws(Errno) { attempt = try Socket.sendNow(number, bytes) } catch {
            throw SocketError(.send, error: error, subject: subject)
        }
        if attempt == .wouldBlock { sending.noteBlocked() } else { sending.noteSuccess() }
        return attempt
    }

    func sendNow(_ first: RawSpan, _ second: RawSpan) throws(SocketError) -> TransferAttempt {
        if second.isEmpty { return try sendNow(first) }
        try check(.send, writing)
        if !sending.mayAttempt { return .wouldBlock }
        let attempt: TransferAttempt
        do throws(Errno) { attempt = try Socket.sendNow(number, first, second) } catch {
            throw SocketError(.send, error: error, subject: subject)
        }
        if attempt == .wouldBlock { sending.noteBlocked() } else { sending.noteSuccess() }
        return attempt
    }

    func onSocket<Result: ~Copyable>(
        _ direction: TransportDirection?, _ body: (borrowing Socket) throws(SocketError) -> Result
    ) throws(SocketError) -> Result? {
        let waiting = direction == .receiving ? reading : direction == .sending ? writing : nil
        let socket = try open(direction == .receiving ? .receive : .send, waiting)
        mayBeShared = true
        if direction == .receiving && !receiving.mayAttempt { return nil }
        if direction == .sending && !sending.mayAttempt { return nil }
        do throws(SocketError) {
            let result = try body(socket.socket)
            if direction == .receiving { receiving.noteSuccess() }
            if direction == .sending { sending.noteSuccess() }
            return result
        } catch {
            guard error.reason == .wouldBlock, let direction else { throw error }
            if direction == .receiving { receiving.noteBlocked() } else { sending.noteBlocked() }
            return nil
        }
    }

    private var subject: String? { peer.map { "\($0)" } }

    @inline(__always)
    private func open(_ operation: SocketError.Operation, _ waiting: Waiting?) throws(SocketError) -> SharedSocket {
        try check(operation, waiting)
        guard let socket else { throw refusal(operation) }
        return socket
    }

    /// Whether a task may use the direction that has this place to wait.
    @inline(__always)
    private func check(_ operation: SocketError.Operation, _ waiting: Waiting?) throws(SocketError) {
        if socket == nil || isCancelled || waiting?.isBusy == true { throw refusal(operation) }
    }

    private func refusal(_ operation: SocketError.Operation) -> SocketError {
        let reason: SocketError.Reason = socket == nil ? .closed : isCancelled ? .cancelled : .busy
        return SocketError(operation, reason, subject: subject)
    }

    func finishConnecting() throws(SocketError) {
        let socket = try open(.connect, writing)
        if let error = try socket.socket.takePendingError() { throw SocketError(.connect, error: error) }
    }

    // MARK: Waits

    func waitToReceive() throws(SocketError) -> Waiting? {
        let known = reading
        try check(.receive, known)
        if receiving.mayAttempt { return nil }
        let place = known ?? makePlace(&reading)
        if receiving.takeTurn() {
            place.wakeOnItsLoop()
        } else {
            try driver.arm(try register(), .readable)
        }
        return place
    }

    func wakeReceiver() {
        // What came meanwhile may not have been announced yet.
        receiving.becomeReady()
        reading?.wake()
    }

    func waitToSend() throws(SocketError) -> Waiting? {
        let known = writing
        try check(.send, known)
        if sending.mayAttempt { return nil }
        let place = known ?? makePlace(&writing)
        if sending.takeTurn() {
            place.wakeOnItsLoop()
        } else {
            try driver.arm(try register(), .writable)
        }
        return place
    }

    private func makePlace(_ place: inout Waiting?) -> Waiting {
        let made = Waiting(on: loop)
        place = made
        return made
    }

    func waitToConnect() throws(SocketError) -> Waiting? {
        // Registered before anything is assumed: an edge tells when the attempt has ended.
        sending.noteBlocked()
        return try waitToSend()
    }

    private func register() throws(SocketError) -> Int {
        if let slot { return slot }
        let slot = try driver.add(self)
        self.slot = slot
        loop.statistics.connections += 1
        return slot
    }

    func becomeReady(_ ready: Interest, hasEnded: Bool) {
        if hasEnded || ready.contains(.priority) { stopsShort = true }
        receiving.noteTurn()
        sending.noteTurn()
        if ready.contains(.readable) {
            receiving.becomeReady()
            reading?.wake()
        }
        if ready.contains(.writable) {
            sending.becomeReady()
            writing?.wake()
        }
    }

    // MARK: The end

    func move(to loop: EventLoop) {
        guard let driver = loop.driver as? ReadinessDriver else {
            preconditionFailure("a socket needs a system's loop")
        }
        precondition(slot == nil, "a transport that was used can't be moved")
        self.loop = loop
        self.driver = driver
    }

    func shutdownSending() throws(SocketError) {
        try open(.shutdown, writing).socket.shutdown(.sending)
    }

    func close() {
        loop.perform { [self] in letGo() }
    }

    func abort() {
        loop.perform { [self] in
            try? socket?.socket.set(.linger, to: .reset)
            letGo()
        }
    }

    func cancel() {
        loop.perform { [self] in
            isCancelled = true
            reading?.wake(.cancelled)
            writing?.wake(.cancelled)
        }
    }

    private func letGo() {
        if let slot {
            driver.remove(slot, isLast: !mayBeShared)
            self.slot = nil
            loop.statistics.connections -= 1
        }
        reading?.disarm()
        writing?.disarm()
        socket = nil
        reading?.wake(.closed)
        writing?.wake(.closed)
    }
}
