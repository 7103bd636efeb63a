// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// Where a task waits for one direction of a connection, or for a client: the one place in which the simulator meets
/// the engine's ``Waiting``. It is noted at its driver, so that a stall can say who waits.
final class MemoryWait {
    private let address: SocketAddress
    private let peer: SocketAddress?
    private var waiting: Waiting?
    private var number = 0
    private var operation = SocketError.Operation.wait
    private var since = LoopInstant.never

    init(at address: SocketAddress, peer: SocketAddress? = nil) {
        self.address = address
        self.peer = peer
    }

    /// Whether a task waits here.
    var isBusy: Bool { waiting?.isBusy ?? false }

    /// A task is about to wait here; the place is made when the first one is.
    func place(for operation: SocketError.Operation, on loop: EventLoop, _ driver: MemoryDriver) -> Waiting {
        self.operation = operation
        since = driver.fabric.clock.now
        if let waiting { return waiting }
        let made = Waiting(on: loop)
        waiting = made
        number = driver.note(self)
        return made
    }

    /// Ends the wait: nil for readiness, else why there is none.
    func wake(_ reason: SocketError.Reason? = nil) { waiting?.wake(reason) }

    /// Nobody waits here any more.
    ///
    /// - Parameter driver: the one that noted it, if any did.
    func close(_ driver: MemoryDriver) {
        waiting?.disarm()
        waiting?.wake(.closed)
        driver.forget(number)
    }

    /// What a stall says of it; nil while nobody waits.
    func wait(on host: String) -> NetworkStalled.Wait? {
        isBusy ? NetworkStalled.Wait(host: host, subject: subject, since: since) : nil
    }

    private var subject: String {
        guard let peer else { return "\(operation.rawValue) \(address)" }
        return "\(operation.rawValue) \(address) \(operation == .receive ? "from" : "to") \(peer)"
    }
}
