// SPDX-License-Identifier: Apache-2.0
package import Reactor
package import Sockets
import Synchronization

/// A loop's part of a network in memory: what is on its way to the loop, and when it has something to do.
///
/// Unlike a selector it tells of no readiness. Whatever is sent is submitted at once and arrives by a later event, as
/// with a completion queue. Its wait waits for nothing: the ``Scheduler`` turns the loop when there is something to do,
/// and what is due is delivered first.
package final class MemoryDriver: NetworkDriver, @unchecked Sendable {
    let fabric: Fabric
    let node: Node
    /// That of its host in which it was made.
    let life: Int
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
    /// What the scheduler knows of it: its number, whether it is listed for a turn, when one is planned, and where in
    /// the agenda.
    var number = 0
    var isListed = false
    var planned = LoopInstant.never
    var place: Int?

    init(_ loop: EventLoop, on node: Node, life: Int, in fabric: Fabric) {
        self.loop = loop
        self.node = node
        self.life = life
        self.fabric = fabric
        fabric.scheduler.admit(self)
    }

    // MARK: What the scheduler asks

    /// Whether the host has crashed since.
    var isDead: Bool { life != node.life }
    /// Whether the loop is gone; found out when it should have taken a turn.
    private(set) var isGone = false

    /// When the loop has something to do next; now, if it is so at once.
    var nextEvent: LoopInstant { min(nextTimer, events.next) }

    /// Turns the loop, if it has something to do.
    ///
    /// - Returns: whether it has more to do at once.
    func turnIfDue() -> Bool {
        let wasWoken = isWoken.exchange(false, ordering: .sequentiallyConsistent)
        guard wasWoken || hasMore || nextEvent <= fabric.clock.now else { return false }
        guard let loop else {
            isGone = true
            tearDown()
            return false
        }
        isInTurn = true
        // Only a wait can fail, and the one below does not.
        do throws(SocketError) { try loop.turn { deliver() } } catch { preconditionFailure("\(error)") }
        isInTurn = false
        return hasMore
    }

    private func deliver() {
        let now = fabric.clock.now
        while let addressee = events.takeDue(now) { addressee.arrive(at: now) }
    }

    /// Nobody will turn the loop again: it lets go of whatever refers to it.
    func retireLoop() { loop?.retire() }

    func tearDown() {
        events = EventQueue()
        nextTimer = .never
        hasMore = false
        places = [:]
    }

    /// The host has crashed: what was on its way is lost, and who waits is told.
    func vanish() {
        while let addressee = events.takeDue(.never) { addressee.vanish() }
        for (_, place) in places.sorted(by: { $0.key < $1.key }) { place.wake(.cancelled) }
    }

    // MARK: The contract

    package func wait(_ timeout: Duration?) {
        precondition(isInTurn, "a loop of a network in memory is turned by the network alone")
        let now = fabric.clock.now
        hasMore = timeout == .zero || events.next <= now
        nextTimer = timeout.map { hasMore ? .never : now.advanced(by: $0) } ?? .never
    }

    package func wake() {
        if isWoken.exchange(true, ordering: .sequentiallyConsistent) { return }
        fabric.scheduler.wake(self)
    }

    package func connect(to address: SocketAddress, from source: SocketAddress?) throws(SocketError) -> any Transport {
        try telling(.connect, address) { () throws(Errno) in
            try checkLife()
            try node.openDescriptor()
            let attempt = try givingBack { () throws(Errno) in
                try ConnectAttempt(to: address, from: source, driver: self)
            }
            attempt.start()
            return MemoryTransport(attempt.end, loop: openLoop, driver: self)
        }
    }

    package func listen(at address: SocketAddress, backlog: Int, reusesPort: Bool) throws(SocketError) -> any Acceptor {
        try telling(.listen, address) { () throws(Errno) in
            try checkLife()
            if reusesPort { throw .notSupported }
            guard node.has(address) else { throw .addressNotAvailable }
            try node.openDescriptor()
            let local = try givingBack { () throws(Errno) in try node.streams.bind(address, to: nil) }
            let acceptor = MemoryAcceptor(at: local, backlog: backlog, loop: openLoop, driver: self)
            node.streams.rebind(local, to: acceptor)
            return acceptor
        }
    }

    package func makePair() throws(SocketError) -> (any Transport, any Transport) {
        try telling(.open, .unix(.unnamed)) { () throws(Errno) in
            try checkLife()
            try node.openDescriptor()
            try givingBack { () throws(Errno) in try node.openDescriptor() }
        }
        let (first, second) = StreamEnd.pair(.unix(.unnamed), self, .unix(.unnamed), self)
        return (
            MemoryTransport(first, loop: openLoop, driver: self), MemoryTransport(second, loop: openLoop, driver: self)
        )
    }

    /// - Throws: ``SocketError/isAddressInUse``, ``SocketError/isAddressNotAvailable``,
    ///   ``SocketError/isOutOfResources``.
    package func openDatagrams(
        at address: SocketAddress, options: DatagramSocket.Options
    ) throws(SocketError) -> any DatagramTransport {
        try telling(.bind, address) { () throws(Errno) in
            try checkLife()
            return MemoryDatagramTransport(try DatagramEnd(at: address, options: options, driver: self), loop: openLoop)
        }
    }

    package func jobLeaves(of task: String?) {
        fabric.scheduler.note(StrayJob(host: node.name, task: task, time: fabric.clock.now))
    }

    private func checkLife() throws(Errno) { if isDead { throw .networkDown } }

    /// Gives a descriptor back if nothing comes of it.
    private func givingBack<Result>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
        do throws(Errno) { return try body() } catch {
            node.closeDescriptor(of: life)
            throw error
        }
    }

    private func telling<Result>(
        _ operation: SocketError.Operation, _ address: SocketAddress, _ body: () throws(Errno) -> Result
    ) throws(SocketError) -> Result {
        do throws(Errno) { return try body() } catch {
            throw SocketError(operation, error: error, subject: "\(address)")
        }
    }

    private var openLoop: EventLoop {
        guard let loop else { preconditionFailure("a driver was used after its loop was gone") }
        return loop
    }

    // MARK: Deliveries

    /// Has somebody look at what has arrived, at that time.
    func post(_ addressee: any Addressee, at time: LoopInstant) {
        events.post(addressee, at: time)
        // What is posted in a turn of its own is seen at the end of it.
        if !isInTurn { fabric.scheduler.plan(self, at: time) }
    }

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
