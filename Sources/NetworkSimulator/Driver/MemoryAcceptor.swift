// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A listening address in memory.
final class MemoryAcceptor: Acceptor, @unchecked Sendable {
    let localAddress: SocketAddress
    let driver: MemoryDriver
    private let loop: EventLoop
    private let backlog: Int
    private let waiting: MemoryWait
    private var clients = FirstInFirstOut<StreamEnd>()
    private var isClosed = false

    init(at address: SocketAddress, backlog: Int, loop: EventLoop, driver: MemoryDriver) {
        localAddress = address
        self.backlog = max(0, backlog)
        self.loop = loop
        self.driver = driver
        waiting = MemoryWait(at: address)
    }

    /// Whether one more client may wait. As on Linux there is room for one more than the backlog says: listen(2).
    var hasRoom: Bool { clients.count <= backlog }

    /// A client has come.
    func offer(_ client: StreamEnd) {
        clients.append(client)
        waiting.wake()
    }

    func acceptNow() throws(SocketError) -> (any Transport)? {
        if isClosed || driver.isDead { throw SocketError(.accept, .closed, subject: "\(localAddress)") }
        if clients.isEmpty { return nil }
        do throws(Errno) { try driver.node.openDescriptor() } catch {
            throw SocketError(.accept, error: error, subject: "\(localAddress)")
        }
        guard let client = clients.popFirst() else { return nil }
        return MemoryTransport(client, loop: loop, driver: driver)
    }

    func waitForClient() throws(SocketError) -> Waiting? {
        if isClosed { throw SocketError(.accept, .closed, subject: "\(localAddress)") }
        if !clients.isEmpty { return nil }
        if waiting.isBusy { throw SocketError(.accept, .busy, subject: "\(localAddress)") }
        return waiting.place(for: .accept, on: loop, driver)
    }

    func close() {
        loop.perform { [self] in
            if isClosed { return }
            isClosed = true
            if !driver.isDead {
                driver.node.streams.release(localAddress)
                driver.node.closeDescriptor(of: driver.life)
            }
            while let client = clients.popFirst() { client.release(abruptly: true) }
            waiting.close(driver)
        }
    }
}
