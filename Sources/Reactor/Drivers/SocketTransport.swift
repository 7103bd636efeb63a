// SPDX-License-Identifier: Apache-2.0
import CSockets
import Sockets

/// A stream socket on a loop. All state is the loop's; what may be called from any thread goes there first.
@safe final class SocketTransport: Transport, ReadinessWatcher, @unchecked Sendable {
    private(set) var loop: EventLoop
    private var driver: ReadinessDriver
    /// Nil once it is closed.
    private var socket: SharedSocket?
    private var slot: Int?
    let reading: Waiting
    private let writing: Waiting
    /// An end or an error was told: from now on a short read does not mean that nothing is left to be read.
    private var hasEnded = false
    private var isCancelled = false
    private var owner: UnsafeRawPointer?
    let peer: SocketAddress?
    let localAddress: SocketAddress?

    init(_ socket: consuming Socket, loop: EventLoop, driver: ReadinessDriver) {
        self.loop = loop
        self.driver = driver
        reading = Waiting(home: loop)
        writing = Waiting(home: loop)
        peer = socket.peer
        localAddress = try? socket.localAddress
        // Requests and answers are the rule, and Nagle's algorithm delays them by 40 ms.
        if peer?.ip != nil { try? socket.set(.noDelay, to: true) }
        self.socket = SharedSocket(socket)
    }

    deinit {
        // The last reference goes on the loop or before the transport was ever registered.
        if let slot { driver.remove(slot) }
    }

    var watchedDescriptor: FileDescriptor { socket?.descriptor ?? FileDescriptor(rawValue: -1) }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        let socket = try open(.receive, reading)
        if !reading.isReady { return .wouldBlock }
        let room = output.freeCapacity
        let attempt = try socket.socket.receiveNow(into: &output)
        switch attempt {
        // A short read has emptied the socket: the next attempt would find nothing, unless the end is still to be told.
        case .moved(let count): if count < room && !hasEnded { reading.isReady = false }
        case .wouldBlock: reading.isReady = false
        case .ended: break
        }
        return attempt
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        let socket = try open(.send, writing)
        if !writing.isReady { return .wouldBlock }
        let attempt = try socket.socket.sendNow(bytes)
        if attempt == .wouldBlock { writing.isReady = false }
        return attempt
    }

    @inline(__always)
    private func open(_ operation: SocketError.Operation, _ direction: Waiting) throws(SocketError) -> SharedSocket {
        if let socket, !isCancelled, !direction.isBusy { return socket }
        let reason: SocketError.Reason = socket == nil ? .closed : isCancelled ? .cancelled : .busy
        throw SocketError(operation, reason, subject: peer.map { "\($0)" })
    }

    func finishConnecting() throws(SocketError) {
        let socket = try open(.connect, writing)
        if let error = try socket.socket.takePendingError() { throw SocketError(.connect, error: error) }
    }

    // MARK: Waits

    nonisolated(nonsending) func waitUntilReadable(_ deadline: LoopInstant) async throws(SocketError) {
        try await wait(reading, .readable, .receive, deadline)
    }

    nonisolated(nonsending) func waitUntilWritable(_ deadline: LoopInstant) async throws(SocketError) {
        try await wait(writing, .writable, .send, deadline)
    }

    nonisolated(nonsending) func waitUntilConnected(_ deadline: LoopInstant) async throws(SocketError) {
        // Registered before anything is assumed: an edge tells when the attempt has ended.
        writing.isReady = false
        try await wait(writing, .writable, .connect, deadline)
    }

    private nonisolated(nonsending) func wait(
        _ direction: Waiting, _ interest: Interest, _ operation: SocketError.Operation, _ deadline: LoopInstant
    ) async throws(SocketError) {
        _ = try open(operation, direction)
        if direction.isReady { return }
        try driver.arm(try register(), interest)
        if unsafe owner != nil && UnsafeRawPointer(swift_task_getCurrent()) == owner {
            try await direction.waitAsOwner(operation, until: deadline, peer)
        } else {
            // Some other task, a child perhaps, that can be cancelled alone.
            try await direction.wait(operation, until: deadline, peer)
        }
    }

    private func register() throws(SocketError) -> Int {
        if let slot { return slot }
        let slot = try driver.add(self)
        self.slot = slot
        loop.statistics.connections += 1
        return slot
    }

    func becomeReady(_ ready: Interest, hasEnded: Bool) {
        if hasEnded { self.hasEnded = true }
        if ready.contains(.readable) {
            reading.isReady = true
            reading.wake()
        }
        if ready.contains(.writable) {
            writing.isReady = true
            writing.wake()
        }
    }

    // MARK: The end

    func own() { unsafe owner = UnsafeRawPointer(swift_task_getCurrent()) }

    func disown() { unsafe owner = nil }

    func move(to loop: EventLoop) {
        guard let driver = loop.driver as? ReadinessDriver else {
            preconditionFailure("a socket needs a system's loop")
        }
        precondition(slot == nil, "a transport that was used can't be moved")
        self.loop = loop
        self.driver = driver
        reading.home = loop
        writing.home = loop
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
            reading.wake(.cancelled)
            writing.wake(.cancelled)
        }
    }

    private func letGo() {
        if let slot {
            driver.remove(slot)
            self.slot = nil
            loop.statistics.connections -= 1
        }
        reading.disarm()
        writing.disarm()
        socket = nil
        reading.wake(.closed)
        writing.wake(.closed)
    }
}
