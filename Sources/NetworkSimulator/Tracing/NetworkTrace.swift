// SPDX-License-Identifier: Apache-2.0
//
// Decision: the last events are kept, and a hash of all: two runs are the same where their hashes are, however long
//           they were. The hash is FNV-1a over the words of each event, which differ from no run to another.
import Reactor
import Sockets

/// What has happened on a network.
struct NetworkTrace {
    private var kept: [NetworkEvent] = []
    /// Where the next event goes, once all places are taken.
    private var place = 0
    private let length: Int
    private let observer: (@Sendable (NetworkEvent) -> Void)?
    private(set) var count = 0
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    init(length: Int, observer: (@Sendable (NetworkEvent) -> Void)?) {
        self.length = length
        self.observer = observer
    }

    /// The last events, oldest first.
    var events: [NetworkEvent] { Array(kept[place...] + kept[..<place]) }

    mutating func add(_ event: NetworkEvent) {
        count += 1
        digest(event)
        if kept.count < length {
            kept.append(event)
        } else if length > 0 {
            kept[place] = event
            place = place + 1 == length ? 0 : place + 1
        }
        observer?(event)
    }

    private mutating func digest(_ event: NetworkEvent) {
        let (kind, count) = event.kind.code
        digest(UInt64(bitPattern: event.time.nanoseconds))
        digest(kind << 56 | UInt64(truncatingIfNeeded: count))
        digest(event.source)
        digest(event.destination)
    }

    private mutating func digest(_ address: SocketAddress) {
        switch address {
        case .ipv4(let ip, let port): digest(UInt64(ip.rawValue) << 16 | UInt64(port.rawValue))
        default: for byte in "\(address)".utf8 { digest(UInt64(byte)) }
        }
    }

    private mutating func digest(_ word: UInt64) { hash = (hash ^ word) &* 0x100_0000_01B3 }
}
