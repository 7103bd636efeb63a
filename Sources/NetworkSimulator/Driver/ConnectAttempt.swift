// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a TCP client whose request is not answered, because the listener's queue is full, asks again after 1 s,
//           2 s, 4 s and so on, and gives up after some two minutes: tcp(7), tcp_syn_retries.
// Decision: the same here, for UNIX addresses too: waiting costs nothing where the clock jumps.
import Reactor
import Sockets

/// A request for a connection, on its way to whoever listens.
final class ConnectAttempt: Addressee {
    /// The client's end of what may become a connection.
    let end: StreamEnd
    private let driver: MemoryDriver
    private let destination: SocketAddress
    private let target: Node
    private var patience = Duration.seconds(1)
    private var retriesLeft = 6

    /// - Throws: `EADDRNOTAVAIL` for a source that is none of the host's, `ENETUNREACH` where no host has the address,
    ///   `EADDRINUSE`.
    init(to address: SocketAddress, from source: SocketAddress?, driver: MemoryDriver) throws(Errno) {
        let node = driver.node
        if case .other = address { throw .addressFamilyNotSupported }
        // To no address in particular means to this host: connect(2) on Linux.
        let destination = address.ip?.isUnspecified == true ? address.onLoopback : address
        guard let target = driver.target(of: destination), let usual = node.source(toward: destination) else {
            throw .networkUnreachable
        }
        if let source, !node.has(source) { throw .addressNotAvailable }
        var local = source ?? usual
        if local.ip?.isUnspecified == true, let port = local.port { local = usual.with(port) }
        if local != .unix(.unnamed) { local = try node.streams.bind(local, to: nil) }
        self.driver = driver
        self.destination = destination
        self.target = target
        end = StreamEnd(local, peer: destination, driver: driver)
        end.holdsLocalAddress = local != .unix(.unnamed)
    }

    func start() {
        driver.fabric.note(.connect, from: end.localAddress, to: destination)
        driver.post(self, at: driver.fabric.clock.now.advanced(by: driver.fabric.settings.latency))
    }

    func arrive(at now: LoopInstant) {
        if end.isReleased { return }
        guard let acceptor = target.streams.holder(of: destination) else {
            driver.fabric.note(.refuse, from: destination, to: end.localAddress)
            return end.submit(.refusal(.connectionRefused))
        }
        guard acceptor.hasRoom else { return tryAgain(now) }
        let served = StreamEnd(destination, peer: end.localAddress, driver: acceptor.driver)
        StreamEnd.join(end, served)
        driver.fabric.note(.accept, from: destination, to: end.localAddress)
        end.submit(.acceptance)
        acceptor.offer(served)
    }

    private func tryAgain(_ now: LoopInstant) {
        if retriesLeft == 0 { return end.submit(.refusal(.timedOut)) }
        retriesLeft -= 1
        driver.post(self, at: now.advanced(by: patience))
        patience *= 2
    }
}
