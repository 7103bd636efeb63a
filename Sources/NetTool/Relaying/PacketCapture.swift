// SPDX-License-Identifier: Apache-2.0
import Reactor
import Synchronization
import Wire

/// The packets of `--capture`: a pcapng file that is whole at any moment, and never longer than its limit.
final class PacketCapture: Sendable {
    private struct State {
        var writer = CaptureWriter(application: "nt relay")
        /// How many bytes there are.
        var size = 0
        /// How many packets were left out.
        var omitted = 0
        /// How many clients there have been.
        var clients = 0
    }

    /// The limit unless there is another one.
    static let defaultLimit = ByteCount(1 << 30)
    /// What has room for the file's head.
    static let leastLimit = ByteCount(4096)

    /// Where it is written.
    let place: OutputQueue
    private let limit: Int
    private let world: World
    private let log: ClientLog
    private let state = Mutex(State())

    /// Begins the file.
    init(to place: OutputQueue, limit: ByteCount, _ log: ClientLog, in world: World) throws(ToolFailure) {
        self.place = place
        self.limit = limit.bytes
        self.world = world
        self.log = log
        try write([])
    }

    /// The number of the next client.
    func takeNumber() -> Int {
        state.withLock { state in
            state.clients += 1
            return state.clients
        }
    }

    /// Writes packets that pass now.
    ///
    /// - Parameter comment: what is said of the first one.
    func write(_ packets: [InternetPacket], comment: String? = nil) throws(ToolFailure) {
        let (seconds, attoseconds) = world.wallTime.components
        let time = UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
        let isFull = try state.withLock { state throws(ToolFailure) -> Bool in
            // Once something is left out all that follows is: what there is ends at one point in time.
            if state.omitted > 0 {
                state.omitted += packets.count
                return false
            }
            for (place, packet) in packets.enumerated() {
                state.writer.add(packet, at: time, comment: place == 0 ? comment : nil)
            }
            let piece = state.writer.take()
            if state.size + piece.count > limit, !packets.isEmpty {
                state.omitted = packets.count
                return true
            }
            state.size += piece.count
            // In the order in which they were made.
            try place.write(piece)
            return false
        }
        if isFull { log.news("the capture is full: what passes from now on is left out of it") }
    }

    /// Says at the end what is not there.
    func tellOmissions() {
        let omitted = state.withLock { $0.omitted }
        if omitted > 0 { log.news("\(omitted) packets were left out of the capture, which was full") }
    }
}
