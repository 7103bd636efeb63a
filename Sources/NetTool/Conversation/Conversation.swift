// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// Standard input to a peer and the peer to standard output, each direction until its own end.
struct Conversation: Sendable {
    /// Which directions there are, and when it is over.
    struct Style: Sendable {
        /// Every LF that is sent becomes CR LF.
        var sendsCRLF = false
        /// Standard input is read and sent.
        var sends = true
        /// What comes is written to standard output; if false it is thrown away.
        var receives = true
        /// The peer's end is the end of everything.
        var endsWithPeer = false
    }

    let connection: Connection
    let streams: StandardStreams
    let style: Style
    /// Told how many bytes came and went.
    var count: @Sendable (_ received: Int, _ sent: Int) -> Void = { _, _ in }
    /// Called when the peer has ended and this side has not.
    var peerHasEnded: @Sendable () -> Void = {}

    /// How long a peer that is only sent to may take to end, once everything is sent.
    private static let linger = Duration.seconds(2)

    /// Why a conversation broke off.
    enum Failure: Error {
        /// A standard stream failed: nobody else can be served either.
        case stream(ToolFailure)
        /// The connection did.
        case connection(ToolFailure)

        var cause: ToolFailure {
            switch self {
            case .stream(let failure), .connection(let failure): failure
            }
        }
    }

    /// Talks until both directions have ended.
    func run() async throws(Failure) {
        let state = State()
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                if style.sends { group.addTask { try await send(state) } }
                group.addTask { try await receive(state) }
                var isOver = false
                do {
                    while let ended = try await group.next() {
                        guard ended else { continue }
                        isOver = true
                        group.cancelAll()
                    }
                } catch {
                    // The other direction was ended on purpose.
                    if !isOver { throw error }
                }
            }
        } catch {
            if let failure = error as? ToolFailure { throw .stream(failure) }
            throw .connection(ToolFailure(error))
        }
        if let failure = state.lateFailure { throw .connection(failure) }
    }

    /// Returns whether everything is over.
    private func send(_ state: State) async throws -> Bool {
        var endings = LineEndings()
        while let bytes = try await streams.receive() {
            let bytes = style.sendsCRLF ? endings.expanded(bytes) : bytes
            do throws(SocketError) { try await connection.send(bytes) } catch {
                guard case .broken = error.reason else { throw error }
                // What the peer said before it left is still to be read.
                state.note(ToolFailure(error))
                return false
            }
            count(0, bytes.count)
        }
        state.noteEnd()
        try? await connection.shutdownSending()
        if !style.receives {
            connection.loop.schedule(after: Self.linger) { [connection] in connection.close() }
        }
        return false
    }

    private func receive(_ state: State) async throws -> Bool {
        do {
            while let received = try await connection.receive() {
                count(received.count, 0)
                try await streams.send(received.bytes)
            }
        } catch let error as SocketError where !style.receives && error.reason == .closed {
            // The peer had its time to end.
        }
        if style.sends && !style.endsWithPeer && !state.hasSentAll { peerHasEnded() }
        return style.endsWithPeer
    }

    /// What one direction knows that the other one, or the end, wants to know.
    private final class State: Sendable {
        private let stored = Mutex<(hasSentAll: Bool, lateFailure: ToolFailure?)>((false, nil))

        /// Whether this side has ended.
        var hasSentAll: Bool { stored.withLock { $0.hasSentAll } }
        func noteEnd() { stored.withLock { $0.hasSentAll = true } }

        /// A failure that counts once everything else is done.
        var lateFailure: ToolFailure? { stored.withLock { $0.lateFailure } }
        func note(_ failure: ToolFailure) { stored.withLock { $0.lateFailure = failure } }
    }
}

/// Turns each LF into CR LF, but not one that has its CR, wherever the text is cut.
struct LineEndings {
    private var last: UInt8 = 0

    mutating func expanded(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 16)
        for byte in bytes {
            if byte == 0x0A && last != 0x0D { result.append(0x0D) }
            result.append(byte)
            last = byte
        }
        return result
    }
}
