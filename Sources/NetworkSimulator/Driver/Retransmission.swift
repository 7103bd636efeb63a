// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a sender that hears nothing sends again after a time that it reckons from the round trip, at least 200 ms
//           on Linux (1 s in RFC 6298), then after twice that, and so on to two minutes; after 15 times it gives up:
//           tcp(7), tcp_retries2.
// Decision: the same here. There are no duplicate acknowledgements, so every loss costs this time: slower than a modern
//           TCP, and in order all the same.
import Reactor

/// What one end of a connection has to send again.
final class Retransmission: Addressee {
    private let end: StreamEnd
    private var pending: [(number: UInt32, segment: StreamEnd.Segment)] = []
    /// The numbers of those of which nobody has said yet that they came.
    private var unconfirmed: Set<UInt32> = []
    private let shortest: Duration
    private var patience: Duration
    private var tries = 0
    private var due = LoopInstant.never
    private var isSending = false

    /// The first of the times, unless a round trip takes longer, and the last.
    static let shortest = Duration.milliseconds(200)
    static let longest = Duration.seconds(120)
    private static let mostTries = 15

    init(for end: StreamEnd, roundTrip: Duration) {
        self.end = end
        shortest = max(Self.shortest, roundTrip * 2)
        patience = shortest
    }

    func add(_ number: UInt32, _ segment: StreamEnd.Segment) {
        if pending.contains(where: { $0.number == number }) { return }
        unconfirmed.insert(number)
        pending.append((number, segment))
        if !isSending && due == .never { arm() }
    }

    /// A segment came, and its sender knows.
    func confirm(_ number: UInt32) {
        if unconfirmed.remove(number) == nil { return }
        (tries, patience) = (0, shortest)
        if unconfirmed.isEmpty { end.retransmissionIsOver() }
    }

    private func arm() {
        due = end.driver.fabric.clock.now.advanced(by: patience)
        end.driver.post(self, at: due)
    }

    func arrive(at now: LoopInstant) {
        if now < due || !end.mayRetransmit { return }
        due = .never
        if tries == Self.mostTries { return end.giveUp() }
        tries += 1
        patience = min(patience * 2, Self.longest)
        let again = pending.sorted { $0.number < $1.number }
        pending = []
        isSending = true
        for (number, segment) in again {
            end.note(.again(segment.size))
            end.dispatch(number, segment)
        }
        isSending = false
        if !pending.isEmpty { arm() }
    }

    func vanish() { end.retransmissionIsOver() }
}
