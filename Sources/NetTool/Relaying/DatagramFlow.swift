// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// One client's datagrams, and the answers to them. What is on its way waits in a line of each direction, so that no
/// client waits for another one's target; what finds no room there is lost.
final class DatagramFlow: Sendable {
    private struct State {
        /// The client's last datagram, without what it said: answers go back by its way.
        var latest: Datagram?
        var lastActivity: LoopInstant
        /// How many are on their way, in both directions.
        var underWay = 0
        /// How many there was no room for.
        var losses = 0

        /// Since when nothing has passed: what is kept on purpose passes.
        func silence(at now: LoopInstant) -> LoopInstant { underWay > 0 ? now : lastActivity }
    }

    private let client: ClientRecord
    private let socket: DatagramSocket
    private let shaping: Shaping
    private let idle: Duration
    private let state: Mutex<State>
    private let lines: BothWays<DelayLine>

    /// The most bytes that wait for their target where nothing is kept on purpose.
    private static let room = 1 << 18

    /// - Parameter shared: what all flows of the relay have together.
    init(
        _ client: ClientRecord, on socket: DatagramSocket, _ shaping: Shaping, idle: Duration, of shared: SharedRoom
    ) {
        self.client = client
        self.socket = socket
        self.shaping = shaping
        self.idle = idle
        state = Mutex(State(lastActivity: socket.loop.timeNow))
        let limit = shaping.keepsDatagrams ? DelayLine.defaultLimit : Self.room
        lines = BothWays { _ in DelayLine(limit: limit, of: shared) }
    }

    /// How many datagrams were lost for which there was no room, in both directions; those by `--drop` not counted.
    var losses: Int { state.withLock { $0.losses } }

    /// Takes a datagram of the client's on its way, unless it is lost.
    func forward(_ datagram: Datagram) {
        state.withLock { $0.latest = Datagram(bytes: [], head: datagram.head) }
        client.note(datagramsIn: 1, bytesIn: datagram.bytes.count)
        // What did not fit is not passed on as if it were all.
        if !datagram.isTruncated { take(datagram.bytes, .toTarget) }
    }

    /// Passes on what comes, and the answers, until nothing has passed for too long.
    ///
    /// - Throws: what receiving failed with, or the task's cancellation; a ``ToolFailure`` of those who record.
    func run(to target: DatagramSocket, _ trace: TrafficRecord?) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for direction in RelayDirection.allCases {
                group.addTask { try await self.bring(direction, target, trace) }
            }
            group.addTask {
                try await self.takeAnswers(of: target)
                for direction in RelayDirection.allCases { self.lines[direction].close() }
            }
            defer {
                group.cancelAll()
                for direction in RelayDirection.allCases { lines[direction].close() }
            }
            // The first failure is the end of all: whoever waits for all would not hear of it.
            while try await group.next() != nil {}
        }
    }

    private func takeAnswers(of target: DatagramSocket) async throws(SocketError) {
        while true {
            let now = socket.loop.timeNow
            target.readDeadline = state.withLock { $0.silence(at: now) }.advanced(by: idle)
            do throws(SocketError) {
                let answer = try await target.receive()
                if !answer.isTruncated { take(answer.bytes, .toClient) }
            } catch {
                if error.reason == .timedOut {
                    let now = socket.loop.timeNow
                    if state.withLock({ $0.silence(at: now) }).advanced(by: idle) <= now { return }
                } else if !error.isConnectionRefused && !error.isUnreachable {
                    throw error
                }
            }
        }
    }

    private func take(_ bytes: [UInt8], _ direction: RelayDirection) {
        let now = socket.loop.timeNow
        state.withLock { $0.lastActivity = now }
        if isLost() { return }
        let isTaken = lines[direction].offer(.init(bytes: bytes, due: now.advanced(by: shaping.delay)))
        state.withLock { state in
            if isTaken { state.underWay += 1 } else { state.losses += 1 }
        }
    }

    /// Whether chance has it that this one is lost.
    private func isLost() -> Bool {
        if shaping.loss == 0 { return false }
        var chance = socket.loop.world.randomness
        // The 53 bits that a number between 0 and 1 has.
        return Double(chance.next() >> 11) / 0x1p53 < shaping.loss
    }

    /// Brings what is on its way in one direction, each when its time has come.
    private func bring(_ direction: RelayDirection, _ target: DatagramSocket, _ trace: TrafficRecord?) async throws {
        let loop = socket.loop
        while let piece = await lines[direction].take() {
            defer {
                state.withLock { state in
                    state.underWay -= 1
                    state.lastActivity = loop.timeNow
                }
            }
            let now = loop.timeNow
            let departure = shaping.departure(piece.bytes.count, direction, at: max(now, piece.due))
            if now < departure { try await loop.sleep(for: now.duration(to: departure)) }
            try await trace?.note(piece.bytes, direction)
            do throws(SocketError) {
                if direction == .toTarget {
                    try await send(piece.bytes, to: target)
                } else {
                    try await answer(piece.bytes)
                }
            } catch {
                // A datagram that does not go is lost, as it might be further on; the next one may go.
                if error.reason == .closed || error.reason == .cancelled { throw error }
            }
        }
    }

    private func send(_ bytes: [UInt8], to target: DatagramSocket) async throws(SocketError) {
        do throws(SocketError) { try await target.send(bytes) } catch {
            // That an earlier one was refused; this one has not been tried.
            guard error.isConnectionRefused else { throw error }
            try await target.send(bytes)
        }
    }

    private func answer(_ bytes: [UInt8]) async throws(SocketError) {
        guard let latest = state.withLock({ $0.latest }) else { return }
        try await socket.reply(bytes, to: latest)
        client.note(datagramsOut: 1, bytesOut: bytes.count)
    }
}
