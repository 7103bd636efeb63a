// SPDX-License-Identifier: Apache-2.0
import Reactor

/// The news that nobody is where something went, on its way back by the NATs that that had passed.
final class RefusalUnderWay: Addressee {
    /// What comes of it.
    enum Outcome {
        /// It comes to the sender's host at this time.
        case arrives(LoopInstant)
        case lost
    }

    /// Where it has to go yet, after where it is.
    private var trail: ArraySlice<Node>
    private let fabric: Fabric
    private let conclude: (Outcome) -> Void

    /// - Parameter trail: the host that refuses, NATs, and the sender's host.
    init(back trail: [Node], in fabric: Fabric, _ conclude: @escaping (Outcome) -> Void) {
        self.trail = trail[...]
        self.fabric = fabric
        self.conclude = conclude
    }

    func start() {
        guard let here = trail.popFirst(), let next = trail.first else { return conclude(.lost) }
        let way = fabric.way(from: here, to: next)
        switch way.send(0) {
        case .arrives(let time): go(to: next, at: time)
        case .held: way.keep { [self] in go(to: next, at: $0) }
        case .lost: conclude(.lost)
        }
    }

    private func go(to node: Node, at time: LoopInstant) {
        if trail.count == 1 { return conclude(.arrives(time)) }
        if let door = node.door { door.post(self, at: time) } else { conclude(.lost) }
    }

    func arrive(at now: LoopInstant) { start() }

    func vanish() { conclude(.lost) }
}
