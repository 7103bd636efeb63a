// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// A socket for datagrams in memory, as the engine sees it. All state is the loop's; what may be called from any thread
/// goes there first. Sending waits for a UNIX receiver without room, and for no other: what finds no room is lost where
/// it arrives, as with UDP.
final class MemoryDatagramTransport: DatagramTransport, @unchecked Sendable {
    let loop: EventLoop
    private let end: DatagramEnd
    private let reading: MemoryWait
    private let writing: MemoryWait
    private var isClosed = false
    private var isCancelled = false

    init(_ end: DatagramEnd, loop: EventLoop) {
        self.end = end
        self.loop = loop
        reading = MemoryWait(at: end.localAddress)
        writing = MemoryWait(at: end.localAddress)
        (end.reading, end.writing) = (reading, writing)
    }

    var localAddress: SocketAddress { end.localAddress }
    var peer: SocketAddress? { end.peer }
    var droppedCount: Int { end.droppedCount }

    // MARK: Attempts

    func receiveNow(into output: inout OutputRawSpan) throws(SocketError) -> DatagramHead? {
        try check(.receive)
        return try telling(.receive) { () throws(Errno) in try end.receive(into: &output) }
    }

    func sendNow(_ bytes: RawSpan, to address: SocketAddress?, by path: DatagramPath?) throws(SocketError) -> Bool {
        try check(.send)
        return try telling(.send, address) { () throws(Errno) in try end.send(bytes, to: address, by: path) }
    }

    func checkReceiving() throws(SocketError) { try check(.receive) }

    private func check(_ operation: SocketError.Operation) throws(SocketError) {
        let isBusy = operation == .receive && reading.isBusy || operation == .send && writing.isBusy
        if !isClosed && !isCancelled && !isBusy && !end.driver.isDead { return }
        let reason: SocketError.Reason = isClosed ? .closed : isCancelled || end.driver.isDead ? .cancelled : .busy
        throw SocketError(operation, reason, subject: subject(nil))
    }

    private func telling<Result>(
        _ operation: SocketError.Operation, _ address: SocketAddress? = nil, _ body: () throws(Errno) -> Result
    ) throws(SocketError) -> Result {
        do throws(Errno) { return try body() } catch {
            throw SocketError(operation, error: error, subject: subject(address))
        }
    }

    private func subject(_ address: SocketAddress?) -> String { "\(address ?? peer ?? localAddress)" }

    // MARK: Waits

    func waitToReceive() throws(SocketError) -> Waiting? {
        try check(.receive)
        return end.canReceive ? nil : reading.place(for: .receive, on: loop, end.driver)
    }

    func waitToSend() throws(SocketError) -> Waiting? {
        try check(.send)
        return end.isBlocked ? writing.place(for: .send, on: loop, end.driver) : nil
    }

    // MARK: Peers, groups, options

    func connect(to address: SocketAddress) throws(SocketError) {
        try check(.connect)
        try telling(.connect, address) { () throws(Errno) in try end.connect(to: address) }
    }

    func join(_ membership: MulticastMembership) throws(SocketError) {
        try change(membership, "join") { (end) throws(Errno) in try end.join(membership) }
    }

    func leave(_ membership: MulticastMembership) throws(SocketError) {
        try change(membership, "leave") { (end) throws(Errno) in try end.leave(membership) }
    }

    private func change(
        _ membership: MulticastMembership, _ verb: String, _ body: (DatagramEnd) throws(Errno) -> Void
    ) throws(SocketError) {
        try check(.setOption)
        guard membership.group.isMulticast else {
            throw SocketError(.setOption, .invalid("\(membership.group) is no multicast group"), subject: verb)
        }
        do throws(Errno) { try body(end) } catch {
            throw SocketError(.setOption, error: error, subject: "\(verb) \(membership.group)")
        }
    }

    func allowBroadcast(_ isAllowed: Bool) throws(SocketError) { try set(.broadcast, to: isAllowed) }

    func value<Value>(of option: SocketOption<Value>) throws(SocketError) -> Value {
        try check(.getOption)
        return try telling(.getOption) { () throws(Errno) in try end.settings.value(of: option) }
    }

    func set<Value>(_ option: SocketOption<Value>, to value: Value) throws(SocketError) {
        try check(.setOption)
        try telling(.setOption) { () throws(Errno) in try end.settings.set(option, to: value) }
    }

    // MARK: The end

    func close() {
        loop.perform { [self] in
            if isClosed { return }
            isClosed = true
            end.release()
            reading.close(end.driver)
            writing.close(end.driver)
        }
    }

    func cancel() {
        loop.perform { [self] in
            isCancelled = true
            reading.wake(.cancelled)
            writing.wake(.cancelled)
        }
    }
}
