// SPDX-License-Identifier: Apache-2.0
package import Reactor
package import Sockets
import Synchronization

/// A loop's part of a network in memory: what is on its way to the loop, and when it has something to do.
///
/// Unlike a selector it tells of no readiness. Whatever is sent is submitted at once and arrives by a later event, as
/// with a completion queue. Its wait waits for nothing: the ``Scheduler`` turns the loop when there is something to do.
package final class MemoryDriver: NetworkDriver, @unchecked Sendable {
    let fabric: Fabric
    let node: Node
    private weak var loop: EventLoop?
    private var events = EventQueue()
    /// When the loop's next timer is due.
    private var nextTimer = LoopInstant.never
    /// The last turn left something to be done.
    private var hasMore = false
    private var isInTurn = false
    private let isWoken = Atomic(true)
    private var places: [Int: MemoryWait] = [:]
    private var lastPlace = 0

    init(_ loop: EventLoop, on node: Node, in fabric: Fabric) {
        self.loop = loop
        self.node = node
        self.fabric = fabric
        fabric.scheduler.admit(self)
    }

    // MARK: What the scheduler asks

    /// Whether the loop has something to do now.
    var hasWork: Bool { hasMore || isWoken.load(ordering: .sequentiallyConsistent) }

    /// When the loop has something to do next, `hasWork` aside.
    var nextEvent: LoopInstant { min(nextTimer, events.next) }

    func turnIfDue() {
        let wasWoken = isWoken.exchange(false, ordering: .sequentiallyConsistent)
        guard wasWoken || hasMore || nextEvent <= fabric.clock.now else { return }
        guard let loop else { return tearDown() }
        isInTurn = true
        // Only a wait can fail, and the one below does not.
        do throws(SocketError) { try loop.turn() } catch { preconditionFailure("\(error)") }
        isInTurn = false
    }

    func tearDown() {
        events = EventQueue()
        nextTimer = .never
        hasMore = false
        places = [:]
    }

    // MARK: The contract

    package func wait(_ timeout: Duration?) {
        precondition(isInTurn, "a loop of a network in memory is turned by the network alone")
        let now = fabric.clock.now
        hasMore = timeout == .zero
        nextTimer = timeout.map { now.advanced(by: $0) } ?? .never
        while let addressee = events.takeDue(now) {
            addressee.arrive(at: now)
            hasMore = true
        }
    }

    package func wake() {
        isWoken.store(true, ordering: .sequentiallyConsistent)
        fabric.scheduler.rouse()
    }

    package func connect(to address: SocketAddress, from source: SocketAddress?) throws(SocketError) -> any Transport {
        do throws(Errno) {
            let attempt = try ConnectAttempt(to: address, from: source, driver: self)
            attempt.start()
            return MemoryTransport(attempt.end, loop: openLoop, driver: self)
        } catch {
            throw SocketError(.connect, error: error, subject: "\(address)")
        }
    }

    package func listen(at address: SocketAddress, backlog: Int, reusesPort: Bool) throws(SocketError) -> any Acceptor {
        do throws(Errno) {
            if reusesPort { throw .notSupported }
            guard node.has(address) else { throw .addressNotAvailable }
            let local = try node.streams.bind(address, to: nil)
            let acceptor = MemoryAcceptor(at: local, backlog: backlog, loop: openLoop, driver: self)
            node.streams.rebind(local, to: acceptor)
            return acceptor
        } catch {
            throw SocketError(.listen, error: error, subject: "\(address)")
        }
    }

    package func makePair() throws(SocketError) -> (any Transport, any Transport) {
        let (first, second) = StreamEnd.pair(.unix(.unnamed), self, .unix(.unnamed), self)
        return (
            MemoryTransport(first, loop: openLoop, driver: self), MemoryTransport(second, loop: openLoop, driver: self)
        )
    }

    /// - Throws: ``SocketError/isAddressInUse``, ``SocketError/isAddressNotAvailable``; `.unsupported` for a UNIX
    ///   address.
    package func openDatagrams(
        at address: SocketAddress, options: DatagramSocket.Options
    ) throws(SocketError) -> any DatagramTransport {
        do throws(Errno) {
            return MemoryDatagramTransport(try DatagramEnd(at: address, options: options, driver: self), loop: openLoop)
        } catch {
            throw SocketError(.bind, error: error, subject: "\(address)")
        }
    }

    private var openLoop: EventLoop {
        guard let loop else { preconditionFailure("a driver was used after its loop was gone") }
        return loop
    }

    /// The host that has an address; this one for a loopback or a UNIX address.
    func target(of address: SocketAddress) -> Node? {
        guard let ip = address.ip, !ip.isLoopback else { return node }
        return fabric.node(at: ip)
    }

    // MARK: Deliveries

    /// Has somebody look at what has arrived, at that time.
    func post(_ addressee: any Addressee, at time: LoopInstant) { events.post(addressee, at: time) }

    // MARK: Who waits

    /// The waits that go on.
    var waits: [NetworkStalled.Wait] {
        places.sorted { $0.key < $1.key }.compactMap { $0.value.wait(on: node.name) }
    }

    func note(_ place: MemoryWait) -> Int {
        lastPlace += 1
        places[lastPlace] = place
        return lastPlace
    }

    func forget(_ number: Int) { places[number] = nil }
}
