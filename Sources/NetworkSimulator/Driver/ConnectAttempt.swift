// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a TCP client whose request is not answered, because it was lost or the listener's queue is full, asks again
//           after 1 s, 2 s, 4 s and so on, and gives up after some two minutes: tcp(7), tcp_syn_retries.
// Decision: the same here, for UNIX addresses too: waiting costs nothing where the clock jumps.
import Reactor
import Sockets

/// A request for a connection, on its way to whoever listens.
final class ConnectAttempt: Addressee {
    /// The client's end of what may become a connection.
    let end: StreamEnd
    private let driver: MemoryDriver
    private let destination: SocketAddress
    /// The hosts that lead there, both ends included: NATs between them.
    private let trail: [Node]
    /// Where it is, or goes to.
    private var place = 0
    /// The client's address, as it is known where the request is.
    private var source: SocketAddress
    /// One for each NAT that it has come through.
    private var passages: [Passage] = []
    private var patience = Duration.seconds(1)
    private var retriesLeft = 6

    /// - Throws: `EADDRNOTAVAIL` for a source that is none of the host's, `ENETUNREACH` where no host has the address,
    ///   `EADDRINUSE`.
    init(to address: SocketAddress, from source: SocketAddress?, driver: MemoryDriver) throws(Errno) {
        let node = driver.node
        if case .other = address { throw .addressFamilyNotSupported }
        // To no address in particular means to this host: connect(2) on Linux.
        let destination = address.ip?.isUnspecified == true ? address.onLoopback : address
        guard let trail = driver.fabric.trail(from: node, to: destination),
            let usual = node.source(toward: destination)
        else { throw .networkUnreachable }
        if let source, !node.has(source) { throw .addressNotAvailable }
        var local = source ?? usual
        if local.ip?.isUnspecified == true, let port = local.port { local = usual.with(port) }
        if local != .unix(.unnamed) { local = try node.streams.bind(local, to: nil) }
        self.driver = driver
        self.destination = destination
        self.trail = trail
        self.source = local
        end = StreamEnd(local, peer: destination, driver: driver)
        end.holdsLocalAddress = local != .unix(.unnamed)
    }

    func start() {
        note(.connect)
        ask()
    }

    private func note(_ kind: NetworkEvent.Kind) {
        driver.fabric.note(kind, from: end.localAddress, to: destination)
    }

    private func ask() {
        driver.fabric.capture?.addRequest(from: end)
        (place, source, passages) = (0, end.localAddress, [])
        go()
    }

    /// Goes on to the next host.
    private func go() {
        let way = driver.fabric.way(from: trail[place], to: trail[place + 1])
        place += 1
        switch way.send(0) {
        case .arrives(let time): knock(at: time)
        case .held: way.keep { [self] in knock(at: $0) }
        case .lost:
            note(.lost(0))
            askLater()
        }
    }

    private func knock(at time: LoopInstant) {
        if let door = trail[place].door { door.post(self, at: time) } else { askLater() }
    }

    func arrive(at now: LoopInstant) {
        if end.isReleased || end.driver.isDead { return forget() }
        let node = trail[place]
        if let translator = node.translator { return pass(translator) }
        guard let acceptor = node.streams.holder(of: destination) else { return refuse() }
        guard acceptor.hasRoom else { return askLater() }
        let served = StreamEnd(destination, peer: source, driver: acceptor.driver)
        StreamEnd.join(end, served, by: trail, passages)
        served.note(.accept)
        served.transmit(.acceptance)
        acceptor.offer(served)
    }

    func vanish() { askLater() }

    /// Goes out by a NAT. One that is the end of the trail lets nobody in.
    private func pass(_ translator: Translator) {
        let fabric = driver.fabric
        if place == trail.count - 1 {
            fabric.note(.filtered(0), from: source, to: destination)
        } else if let way = translator.pass(from: source, to: destination, in: fabric) {
            passages.append(way.passage)
            source = way.outside
            return go()
        } else {
            fabric.note(.dropped(0), from: source, to: destination)
        }
        askLater()
    }

    private func refuse() {
        driver.fabric.note(.refuse, from: destination, to: source)
        RefusalUnderWay(back: trail.reversed(), in: driver.fabric) { [self] outcome in
            switch outcome {
            case .arrives(let time):
                forget()
                end.receive(.refusal(.connectionRefused), at: time)
            case .lost: askLater()
            }
        }.start()
    }

    /// Nothing comes of it: no NAT has to remember it.
    private func forget() { for passage in passages { passage.close() } }

    // MARK: Patience

    private func askLater() {
        let now = driver.fabric.clock.now
        if retriesLeft == 0 {
            forget()
            return end.receive(.refusal(.timedOut), at: now)
        }
        retriesLeft -= 1
        driver.post(Reminder(self), at: now.advanced(by: patience))
        patience *= 2
    }

    private func askAgain() {
        if end.isReleased { return forget() }
        note(.again(0))
        ask()
    }

    /// Comes to the client, when there was no answer.
    private final class Reminder: Addressee {
        private let attempt: ConnectAttempt
        init(_ attempt: ConnectAttempt) { self.attempt = attempt }
        func arrive(at now: LoopInstant) { attempt.askAgain() }
    }
}
