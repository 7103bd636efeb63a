// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization
import Wire

/// One client's traffic, as it is written down.
final class TrafficRecord: Sendable {
    /// What carries the bytes.
    enum Kind {
        case stream, datagrams
    }

    /// One of the two whose traffic it is.
    struct Side {
        /// What lines call it.
        let name: String
        let address: SocketAddress?
    }

    private let client: String
    private let title: String
    private let kind: Kind
    private let dump: TrafficDump?
    private let capture: PacketCapture?
    private let state: Mutex<(offsets: TrafficDump.Offsets, trail: PacketTrail, isTitled: Bool)>
    /// Where it is written.
    private let places: [OutputQueue]

    /// A record that begins.
    init(
        of client: Side, and target: Side, carrying kind: Kind, _ dump: TrafficDump?, _ capture: PacketCapture?
    ) throws(ToolFailure) {
        self.client = client.name
        title = "\(client.name) to \(target.name.legible)"
        self.kind = kind
        self.dump = dump
        self.capture = capture
        places = [dump?.place, capture?.place].compactMap(\.self)
        let trail = PacketTrail(from: client.address, to: target.address, number: capture?.takeNumber() ?? 1)
        state = Mutex((TrafficDump.Offsets(), trail, false))
        if kind == .stream { try write { $0.begin() } }
    }

    /// Notes bytes on their way, and waits while what was noted before has not been written.
    func note(_ bytes: [UInt8], _ direction: RelayDirection) async throws(ToolFailure) {
        if let dump {
            try state.withLock { state throws(ToolFailure) in
                try dump.note(bytes, direction, of: client, &state.offsets)
            }
        }
        switch kind {
        case .stream: try write { $0.pass(bytes, direction) }
        case .datagrams: try write { [$0.datagram(bytes, direction)] }
        }
        for place in places where place.isFull { try await place.waitForRoom() }
    }

    /// Notes that a stream's direction has come to its end.
    func noteEnd(_ direction: RelayDirection) throws(ToolFailure) { try write { $0.end(direction) } }

    /// Notes that a stream has broken, at the side where this direction begins; the first time counts.
    func noteBreak(_ direction: RelayDirection) throws(ToolFailure) { try write { $0.abort(direction) } }

    private func write(_ packets: (inout PacketTrail) -> [InternetPacket]) throws(ToolFailure) {
        guard let capture else { return }
        try state.withLock { state throws(ToolFailure) in
            let packets = packets(&state.trail)
            try capture.write(packets, comment: state.isTitled ? nil : title)
            state.isTitled = true
        }
    }
}
