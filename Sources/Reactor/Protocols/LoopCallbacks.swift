// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a callback writes, closes, starts timers and connects; each of these may be the reason for another one.
// Hazard:   a callback that is called from within another finds its protocol, or its neighbour's, half changed.
// Decision: nothing that a callback does calls one. It is noted here, and the loop calls it in this phase of a turn:
//           first who was woken, then what was put off, then connections with something to send or to end. What comes
//           meanwhile waits for the next time.
// Cost:     two entries in arrays that keep their room, for each connection that becomes readable.

/// What a loop calls without a task, and what belongs to its callbacks. Touched by the loop's thread alone.
final class LoopCallbacks: @unchecked Sendable {
    /// Places whose observers are to be told.
    private var woken = ContiguousArray<Waiting>()
    private var told = ContiguousArray<Waiting>()
    /// What was put off until nothing is under way.
    private var actions: [() -> Void] = []
    /// Connections that have something to send, or have come to their end.
    private var unsettled = ContiguousArray<StreamTransport>()
    private var settling = ContiguousArray<StreamTransport>()

    /// Every connection with a protocol, each with its place here.
    private(set) var transports = ContiguousArray<StreamTransport>()
    /// What listens or connects, to be ended with the loop.
    private(set) var services: [any LoopService] = []
    /// Calls that were asked for by ``EventLoop/callLater(_:_:)`` and are still to be made.
    var delayedCalls = ContiguousArray<DelayedCall>()
    /// Tasks that callbacks have started and that have not ended.
    var taskCount = 0
    /// Where the loop stands between start and stop.
    let life = ReactorLife()
    /// Called once, when everything has come to its end.
    var whenEmpty: (() -> Void)?
    private var spareOutputs: [OutputQueue] = []

    private static let maximumSpares = 32

    @inline(__always)
    func append(_ waiting: Waiting) { woken.append(waiting) }

    @inline(__always)
    func append(_ transport: StreamTransport) { unsettled.append(transport) }

    /// Puts a call off until nothing is under way.
    func append(_ action: @escaping () -> Void) { actions.append(action) }

    /// Whether somebody is to be called before the loop may wait.
    @inline(__always)
    var hasWork: Bool { hasCalls || life.isOver }

    private var hasCalls: Bool { !woken.isEmpty || !unsettled.isEmpty || !actions.isEmpty }

    /// The phase of the turn.
    func run() {
        if !woken.isEmpty {
            swap(&woken, &told)
            for waiting in told { waiting.tellObserver() }
            told.removeAll(keepingCapacity: true)
        }
        if !actions.isEmpty {
            let batch = actions
            actions.removeAll(keepingCapacity: true)
            for action in batch { action() }
        }
        if !unsettled.isEmpty {
            swap(&unsettled, &settling)
            for transport in settling { transport.settleLater() }
            settling.removeAll(keepingCapacity: true)
        }
        if whenEmpty != nil && isEmpty { whenEmpty.take()?() }
    }

    /// The loop turns no more: everything ends, and nobody holds the loop through this any longer.
    func retire() {
        for service in services { service.end() }
        for transport in transports { transport.end(.stopped) }
        // What they bring about may bring more; what goes on for ever is not waited for.
        for _ in 0..<Self.lastRounds where hasCalls { run() }
        (services, delayedCalls, transports) = ([], [], [])
    }

    private static let lastRounds = 100

    // MARK: Whom there is

    func enter(_ transport: StreamTransport) {
        transport.place = UInt32(transports.count)
        transports.append(transport)
    }

    func leave(_ transport: StreamTransport) {
        let last = transports.removeLast()
        if last === transport { return }
        transports[Int(transport.place)] = last
        last.place = transport.place
    }

    func enter(_ service: any LoopService) { services.append(service) }

    func leave(_ service: any LoopService) { services.removeAll { $0 === service } }

    /// Whether everything has come to its end.
    var isEmpty: Bool { transports.isEmpty && services.isEmpty && taskCount == 0 }

    // MARK: Memory for what is to be sent

    @inline(__always)
    func takeOutput() -> OutputQueue { spareOutputs.popLast() ?? OutputQueue() }

    /// Takes an empty one back.
    @inline(__always)
    func giveBack(_ output: OutputQueue) {
        if spareOutputs.count < Self.maximumSpares { spareOutputs.append(output) }
    }
}

/// Something of a loop's that ends with it: a listener, a socket, an attempt to connect.
protocol LoopService: AnyObject {
    /// Comes to its end, and leaves the loop.
    func end()
}
