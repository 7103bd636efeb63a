// SPDX-License-Identifier: Apache-2.0
//
// Facts:    Linux drops a datagram where what waits already fills the receiver's room, and counts it; each one costs
//           some memory besides its bytes: socket(7), SO_RCVBUF.
//           A refusal (ICMP, port unreachable) is told to a socket with that peer alone: by its next call, once.
// Decision: the same here. One datagram always finds room, however long it is.
// Facts:    a UNIX datagram is there at once, and is never lost: its sender waits for room, unix(7).
// Decision: the same here; who waits is told when something was taken out.
import Reactor
import Sockets

/// What a kernel knows of one socket for datagrams. Touched by the thread that runs the network.
final class DatagramEnd {
    /// A datagram that waits to be received.
    private struct Arrival {
        let bytes: [UInt8]
        let sender: SocketAddress
        let path: DatagramPath?
    }

    let driver: MemoryDriver
    let sharesAddress: Bool
    private(set) var localAddress: SocketAddress
    private(set) var peer: SocketAddress?
    var settings = DatagramSettings()
    /// Where its transport waits to receive and to send.
    var reading: MemoryWait?
    var writing: MemoryWait?

    private let tellsPath: Bool
    private let room: Int
    private var arrivals = FirstInFirstOut<Arrival>()
    private var waitingBytes = 0
    private(set) var droppedCount = 0
    /// Who waits for room here.
    private var senders: [DatagramEnd] = []
    /// Whether it waits for room elsewhere.
    private(set) var isBlocked = false
    private var memberships: [MulticastMembership] = []
    private var failure: Errno?
    private(set) var isReleased = false

    /// What a datagram costs besides its bytes.
    private static let overhead = 256

    /// - Throws: `EADDRNOTAVAIL` for an address that is none of the host's, `EADDRINUSE`, `EAFNOSUPPORT`.
    init(at address: SocketAddress, options: DatagramSocket.Options, driver: MemoryDriver) throws(Errno) {
        if case .other = address { throw .addressFamilyNotSupported }
        let isOfMany = address.ip.map { $0.isMulticast || $0.isAnyBroadcast } ?? (address == .unix(.unnamed))
        if !isOfMany && !driver.node.has(address) { throw .addressNotAvailable }
        try driver.node.openDescriptor()
        self.driver = driver
        sharesAddress = options.sharesAddress
        tellsPath = options.tellsPath
        room = max(1, options.receiveBuffer ?? driver.fabric.settings.datagramBufferSize)
        localAddress = address
        settings.allowsBroadcast = options.allowsBroadcast
        if address == .unix(.unnamed) { return }
        do throws(Errno) {
            localAddress = try driver.node.datagrams.bind(address, to: self, shared: options.sharesAddress)
        } catch {
            driver.node.closeDescriptor(of: driver.life)
            throw error
        }
    }

    // MARK: Receiving

    /// Whether an attempt to receive would not have to wait.
    var canReceive: Bool { !arrivals.isEmpty || failure != nil }

    func receive(into output: inout OutputRawSpan) throws(Errno) -> DatagramHead? {
        try throwFailure()
        guard let arrival = arrivals.popFirst() else { return nil }
        let length = arrival.bytes.count
        waitingBytes -= length + Self.overhead
        tellSenders()
        let count = min(length, output.freeCapacity)
        ByteQueue.copy(arrival.bytes, 0..<count, to: &output)
        return DatagramHead(count: count, length: length, sender: arrival.sender, path: arrival.path)
    }

    /// A datagram has come.
    func take(_ bytes: [UInt8], from sender: SocketAddress, by path: DatagramPath?) {
        if isFull {
            droppedCount += 1
            driver.fabric.note(.dropped(bytes.count), from: sender, to: localAddress)
            return
        }
        waitingBytes += bytes.count + Self.overhead
        arrivals.append(Arrival(bytes: bytes, sender: sender, path: tellsPath ? path : nil))
        reading?.wake()
    }

    /// An earlier datagram was refused.
    func takeRefusal(by address: SocketAddress) {
        if isReleased || address != peer { return }
        failure = .connectionRefused
        reading?.wake()
    }

    /// Whether it hears what this one sends to this address.
    func hears(_ sender: SocketAddress, sendingTo destination: IPAddress) -> Bool {
        if let peer, peer != sender { return false }
        if !destination.isMulticast { return true }
        return memberships.contains {
            $0.group == destination && ($0.source == nil || $0.source == sender.ip)
        }
    }

    private var isFull: Bool { waitingBytes >= room }

    private func tellSenders() {
        if senders.isEmpty || isFull { return }
        let waiting = senders
        senders = []
        for sender in waiting {
            sender.isBlocked = false
            sender.writing?.wake()
        }
    }

    private func throwFailure() throws(Errno) {
        guard let failure else { return }
        self.failure = nil
        throw failure
    }

    // MARK: Sending

    /// Sends a datagram, to the peer unless an address is given.
    ///
    /// - Returns: false where there is no room for it and its sender has to wait.
    func send(_ bytes: RawSpan, to address: SocketAddress?, by path: DatagramPath?) throws(Errno) -> Bool {
        try throwFailure()
        guard let destination = address ?? peer else { throw .socketNotConnected }
        let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
        if case .unix = destination { return try hand(copy, to: destination) }
        let route = try DatagramRoute(from: self, to: destination, leavingBy: path?.local)
        if bytes.byteCount > route.maximumLength { throw .messageTooLong }
        try DatagramDispatch(copy, by: route, from: self).send()
        return true
    }

    /// Hands a datagram to somebody on the same host.
    private func hand(_ bytes: [UInt8], to destination: SocketAddress) throws(Errno) -> Bool {
        let receiver = try neighbour(at: destination)
        if receiver.isFull {
            receiver.senders.append(self)
            isBlocked = true
            return false
        }
        driver.fabric.note(.datagram(bytes.count), from: localAddress, to: destination)
        receiver.take(bytes, from: localAddress, by: nil)
        return true
    }

    /// - Throws: `ECONNREFUSED` where nobody has the address, `EPERM` where whoever has it listens to another one.
    private func neighbour(at address: SocketAddress) throws(Errno) -> DatagramEnd {
        guard case .unix = localAddress else { throw .addressFamilyNotSupported }
        guard let found = driver.node.datagrams.holder(of: address) else { throw .connectionRefused }
        if let peer = found.peer, peer != localAddress { throw .notPermitted }
        return found
    }

    func connect(to address: SocketAddress) throws(Errno) {
        if case .unix = address {
            _ = try neighbour(at: address)
            peer = address
            return
        }
        let route = try DatagramRoute(from: self, to: address, leavingBy: nil)
        if localAddress.ip?.isUnspecified == true {
            driver.node.datagrams.release(localAddress, of: self)
            localAddress = route.source
            driver.node.datagrams.add(localAddress, of: self, shared: sharesAddress)
        }
        peer = route.destination
    }

    // MARK: Groups

    /// - Throws: `EADDRINUSE` when it was joined already, `EINVAL` for one source of a group that was joined whole,
    ///   `ENODEV` for an interface that the host does not have.
    func join(_ membership: MulticastMembership) throws(Errno) {
        let wanted = try normal(membership)
        if memberships.contains(wanted) { throw .addressInUse }
        if memberships.contains(where: { $0.group == wanted.group && ($0.source == nil) != (wanted.source == nil) }) {
            throw .invalidArgument
        }
        memberships.append(wanted)
    }

    /// - Throws: `EADDRNOTAVAIL` when it was not joined.
    func leave(_ membership: MulticastMembership) throws(Errno) {
        let wanted = try normal(membership)
        let before = memberships.count
        memberships.removeAll { $0 == wanted || wanted.source == nil && $0.group == wanted.group }
        if memberships.count == before { throw .addressNotAvailable }
    }

    /// The same by the host's only interface.
    private func normal(_ membership: MulticastMembership) throws(Errno) -> MulticastMembership {
        if localAddress.ip == nil { throw .notSupportedOnSocket }
        if membership.interface > DatagramSettings.interface { throw .operationNotSupportedByDevice }
        return MulticastMembership(group: membership.group, source: membership.source)
    }

    // MARK: The end

    /// Nobody uses the socket any more.
    func release() {
        if isReleased { return }
        isReleased = true
        (reading, writing) = (nil, nil)
        if !driver.isDead {
            if localAddress != .unix(.unnamed) { driver.node.datagrams.release(localAddress, of: self) }
            driver.node.closeDescriptor(of: driver.life)
        }
        arrivals = FirstInFirstOut()
        waitingBytes = 0
        tellSenders()
        memberships = []
    }
}
