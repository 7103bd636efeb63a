// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// One end of a connection in memory, as the engine sees it. All state is the loop's; what may be called from any
/// thread goes there first.
final class MemoryTransport: Transport, @unchecked Sendable {
    private(set) var loop: EventLoop
    private var driver: MemoryDriver
    private let end: StreamEnd
    private let reading: MemoryWait
    private let writing: MemoryWait
    private var isClosed = false
    private var isCancelled = false
    private var isUsed = false
    let localAddress: SocketAddress?
    let peer: SocketAddress?

    init(_ end: StreamEnd, loop: EventLoop, driver: MemoryDriver) {
        self.end = end
        self.loop = loop
        self.driver = driver
        reading = MemoryWait(at: end.localAddress, peer: end.peerAddress)
        writing = MemoryWait(at: end.localAddress, peer: end.peerAddress)
        localAddress = end.localAddress
        peer = end.peerAddress
        (end.reading, end.writing) = (reading, writing)
        loop.statistics.connections += 1
    }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> TransferAttempt {
        try check(.receive, reading)
        if output.isFull { throw SocketError(.receive, .invalid("there must be room for at least 1 byte")) }
        do throws(Errno) { return try end.receive(into: &output) } catch { throw failure(.receive, error) }
    }

    func sendNow(_ bytes: RawSpan) throws(SocketError) -> TransferAttempt {
        try check(.send, writing)
        do throws(Errno) { return try end.send(bytes) } catch { throw failure(.send, error) }
    }

    func finishConnecting() throws(SocketError) {
        try check(.connect, writing)
        if let refusal = end.refusal { throw failure(.connect, refusal) }
    }

    func shutdownSending() throws(SocketError) {
        try check(.shutdown, writing)
        do throws(Errno) { try end.end() } catch { throw failure(.shutdown, error) }
    }

    private func check(_ operation: SocketError.Operation, _ direction: MemoryWait) throws(SocketError) {
        isUsed = true
        if !isClosed && !isCancelled && !direction.isBusy && !driver.isDead { return }
        let reason: SocketError.Reason = isClosed ? .closed : isCancelled || driver.isDead ? .cancelled : .busy
        throw SocketError(operation, reason, subject: subject)
    }

    private func failure(_ operation: SocketError.Operation, _ error: Errno) -> SocketError {
        SocketError(operation, error: error, subject: subject)
    }

    private var subject: String { "\(end.peerAddress)" }

    // MARK: Waits

    func waitToReceive() throws(SocketError) -> Waiting? {
        try check(.receive, reading)
        return end.canReceive ? nil : reading.place(for: .receive, on: loop, driver)
    }

    func wakeReceiver() { reading.wake() }

    func waitToSend() throws(SocketError) -> Waiting? {
        try check(.send, writing)
        return end.canSend ? nil : writing.place(for: .send, on: loop, driver)
    }

    func waitToConnect() throws(SocketError) -> Waiting? {
        try check(.connect, writing)
        return end.isDecided ? nil : writing.place(for: .connect, on: loop, driver)
    }

    // MARK: The end

    func move(to loop: EventLoop) {
        guard let driver = loop.driver as? MemoryDriver, driver.node === self.driver.node else {
            preconditionFailure("a connection in memory stays on its host")
        }
        precondition(!isUsed, "a transport that was used can't be moved")
        self.loop.statistics.connections -= 1
        loop.statistics.connections += 1
        self.loop = loop
        self.driver = driver
        end.driver = driver
    }

    func close() {
        loop.perform { [self] in letGo(abruptly: false) }
    }

    func abort() {
        loop.perform { [self] in letGo(abruptly: true) }
    }

    func cancel() {
        loop.perform { [self] in
            isCancelled = true
            reading.wake(.cancelled)
            writing.wake(.cancelled)
        }
    }

    private func letGo(abruptly: Bool) {
        if isClosed { return }
        isClosed = true
        loop.statistics.connections -= 1
        driver.node.closeDescriptor(of: driver.life)
        end.release(abruptly: abruptly)
        reading.close(driver)
        writing.close(driver)
    }
}
