// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a sender without room asks for it now and then, less and less often, and gives up when nobody answers:
//           RFC 9293 §3.8.6.1; tcp(7), tcp_retries2.
// Decision: here news of room is sent until it comes. So a probe is needed in one case alone: the peer has reset the
//           connection, and the reset was lost.
import Reactor

/// The questions of one end of a connection that waits for room, whose peer does not know it any more.
final class WindowProbe: Addressee {
    private let end: StreamEnd
    private var patience: Duration
    private var tries = 0

    private static let mostTries = 15

    init(for end: StreamEnd, roundTrip: Duration) {
        self.end = end
        patience = max(Retransmission.shortest, roundTrip * 2)
    }

    func arm() { end.driver.post(self, at: end.driver.fabric.clock.now.advanced(by: patience)) }

    func arrive(at now: LoopInstant) {
        if !end.needsProbe { return end.probingIsOver() }
        if tries == Self.mostTries { return end.giveUp() }
        tries += 1
        patience = min(patience * 2, Retransmission.longest)
        end.sendProbe()
        arm()
    }

    func vanish() { end.probingIsOver() }
}
