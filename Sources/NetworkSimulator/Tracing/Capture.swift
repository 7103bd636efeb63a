// SPDX-License-Identifier: Apache-2.0
//
// Decision: sequence numbers begin with 0, so that they tell how far a stream is, and a file is the same for the same
//           seed. Acknowledgements that the simulator spares itself are not made up: a number is told with the next
//           packet of that direction.
import Reactor
import Sockets
import Wire

/// The packets that were sent on a network, as a pcapng file. UNIX sockets have none.
final class Capture {
    /// One direction of a connection.
    private final class Flow {
        /// Kept, so that nobody else has its identity.
        let end: StreamEnd
        var next: UInt32 = 0
        /// By a segment's number: where its bytes begin, and where they end.
        var places: [UInt32: (begin: UInt32, end: UInt32)] = [:]

        init(_ end: StreamEnd) { self.end = end }
    }

    private var writer = CaptureWriter(application: "Netwright NetworkSimulator")
    private var bytes: [UInt8] = []
    private var flows: [ObjectIdentifier: Flow] = [:]
    private let limit: Int
    private let clock: SimulatedClock
    /// How many packets were left out since the file was full.
    private(set) var omitted = 0

    init(limit: Int, _ clock: SimulatedClock) {
        self.limit = limit
        self.clock = clock
    }

    func add(_ node: Node) {
        for address in node.addresses { writer.add(name: node.name, of: address.bytes) }
    }

    /// All that was written so far.
    var file: [UInt8] {
        bytes += writer.take()
        return bytes
    }

    // MARK: Streams

    /// A request for a connection.
    func addRequest(from end: StreamEnd) {
        flow(of: end).next = 1
        send(.synchronize, [], at: 0, from: end)
    }

    func add(_ segment: StreamEnd.Segment, _ number: UInt32, from end: StreamEnd) {
        let flow = flow(of: end)
        let begin = flow.places[number]?.begin ?? flow.next
        switch segment {
        case .acceptance:
            take(number, 1, flow)
            send([.synchronize, .acknowledge], [], at: begin, from: end)
        case .bytes(let bytes):
            take(number, UInt32(bytes.count), flow)
            sendPieces(bytes, at: begin, from: end)
        case .end:
            take(number, 1, flow)
            send([.end, .acknowledge], [], at: begin, from: end)
        case .room:
            take(number, 0, flow)
            send(.acknowledge, [], at: begin, from: end)
        }
    }

    func addReset(from end: StreamEnd) { send([.reset, .acknowledge], [], at: flow(of: end).next, from: end) }

    private func take(_ number: UInt32, _ length: UInt32, _ flow: Flow) {
        if flow.places[number] != nil { return }
        flow.places[number] = (flow.next, flow.next &+ length)
        flow.next &+= length
    }

    private func flow(of end: StreamEnd) -> Flow {
        if let known = flows[ObjectIdentifier(end)] { return known }
        let flow = Flow(end)
        flows[ObjectIdentifier(end)] = flow
        return flow
    }

    private func sendPieces(_ bytes: [UInt8], at begin: UInt32, from end: StreamEnd) {
        guard let target = InternetPacket.End(end.peerAddress) else { return }
        let most = InternetPacket.longestSegment(to: target)
        for start in stride(from: 0, to: bytes.count, by: most) {
            let piece = Array(bytes[start..<min(bytes.count, start + most)])
            send([.push, .acknowledge], piece, at: begin &+ UInt32(start), from: end)
        }
    }

    private func send(_ flags: InternetPacket.Flags, _ payload: [UInt8], at begin: UInt32, from end: StreamEnd) {
        guard let source = InternetPacket.End(end.localAddress), let target = InternetPacket.End(end.peerAddress),
            source.address.count == target.address.count
        else { return }
        let taken = end.other.flatMap { flows[ObjectIdentifier($0)] }.flatMap { flow in
            flow.places[end.lastTaken]?.end ?? (flow.next > 0 ? 1 : 0)
        }
        let acknowledgement = flags.contains(.acknowledge) ? taken ?? 0 : 0
        record(
            .tcp(
                from: source, to: target, flags: flags, sequence: begin, acknowledgement: acknowledgement, payload),
            by: end.driver.node)
    }

    // MARK: Datagrams

    func add(_ bytes: [UInt8], by route: DatagramRoute, from node: Node) {
        guard let source = InternetPacket.End(route.source), let target = InternetPacket.End(route.destination),
            source.address.count == target.address.count
        else { return }
        record(.udp(from: source, to: target, bytes), by: node)
    }

    /// The packet, with its time and who sent it: the host, and the task where it has a name.
    private func record(_ packet: @autoclosure () -> InternetPacket, by node: Node) {
        if bytes.count + writer.count >= limit {
            omitted += 1
            return
        }
        let time = World.simulatedBeginning + .nanoseconds(clock.now.nanoseconds)
        let (seconds, attoseconds) = time.components
        let nanoseconds = UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
        let task = Task<Never, Never>.name.map { ", task \($0)" } ?? ""
        writer.add(packet(), at: nanoseconds, comment: node.name + task)
    }
}

extension InternetPacket.End {
    /// An address of the internet's; nil for others.
    fileprivate init?(_ address: SocketAddress) {
        guard let ip = address.ip, let port = address.port else { return nil }
        self.init(address: ip.bytes, port: port.rawValue)
    }
}
