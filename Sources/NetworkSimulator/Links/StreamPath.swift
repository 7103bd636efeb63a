// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets

/// The ways from one end of a connection to the other: one, or several with a NAT between each two.
final class StreamPath {
    /// A way that begins at a NAT.
    struct Leg {
        let passage: Passage
        let way: Way
    }

    let first: Way
    /// Those behind it, mostly none.
    let further: [Leg]

    /// - Parameters:
    ///   - trail: the hosts that it leads by, both ends included.
    ///   - passages: one for each host between them.
    init(by trail: [Node], _ passages: [Passage], in fabric: Fabric) {
        first = fabric.way(from: trail[0], to: trail[1])
        further = passages.enumerated().map { place, passage in
            Leg(passage: passage, way: fabric.way(from: trail[place + 1], to: trail[place + 2]))
        }
    }

    /// The way of a leg; the first one is number 0.
    func way(_ leg: Int) -> Way { leg == 0 ? first : further[leg - 1].way }

    /// The number of the last leg.
    var lastLeg: Int { further.count }

    /// Whether the NAT at which a leg begins lets a segment through.
    func lets(by leg: Int, at now: LoopInstant) -> Bool { further[leg - 1].passage.isOpen(at: now) }

    /// Whether anything gets through at all.
    var isOpen: Bool { first.isOpen && further.allSatisfy(\.way.isOpen) }

    /// How long something is under way at least.
    var latency: Duration { further.reduce(first.link.latency) { $0 + $1.way.link.latency } }

    /// How long an answer takes, if nothing comes between.
    var roundTrip: Duration { further.reduce(first.roundTrip) { $0 + $1.way.roundTrip } }

    /// The most bytes in one packet.
    var longestPiece: Int { further.reduce(first.link.longestPiece) { min($0, $1.way.link.longestPiece) } }

    /// The connection is over: nothing of it is remembered on the way.
    func close() {
        for leg in further { leg.passage.close() }
    }
}

/// The place of a connection in the table of a NAT.
final class Passage {
    private let translator: Translator
    private let mapping: TranslationTable.Mapping
    /// Its end on the outer side.
    private let other: SocketAddress

    init(by mapping: TranslationTable.Mapping, to other: SocketAddress, of translator: Translator) {
        self.mapping = mapping
        self.other = other
        self.translator = translator
    }

    /// Whether a segment gets through, in either direction; the NAT remembers that one came.
    func isOpen(at now: LoopInstant) -> Bool { translator.table.pass(other, by: mapping, at: now) }

    func close() { translator.table.forget(other, of: mapping) }
}
