// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization
import Wire

/// A peer that speaks telnet: what it negotiates is answered, and what it says is given on without it.
///
/// It may echo what is typed, and may ask for the terminal's kind and its size. RFC 854, 857, 858, 1073, 1091.
final class TelnetPeer: Peer {
    private struct State: ~Copyable {
        var codec = TelnetCodec(accepting: [
            (.echo, .remote), (.suppressGoAhead, .remote), (.suppressGoAhead, .local), (.terminalType, .local),
            (.windowSize, .local), (.binary, .remote),
        ])
        var input = ByteBuffer()
        /// What is to be sent: words and answers, each whole.
        var output = ByteBuffer()
        var isSending = false
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    private let peer: any Peer
    private let side: any LocalSide
    private let state = Mutex(State())

    /// - Parameter side: who is told when what is typed is not to be seen.
    init(_ peer: any Peer, for side: any LocalSide) {
        self.peer = peer
        self.side = side
    }

    var maximumLength: Int { 16_384 }

    nonisolated(nonsending) func nextBytes() async throws(SocketError) -> [UInt8]? {
        while let bytes = try await peer.nextBytes() {
            let words = try state.withLock { state throws(SocketError) -> [UInt8] in
                state.input.append(contentsOf: bytes)
                return try data(&state)
            }
            try await flush()
            if !words.isEmpty { return words }
        }
        return nil
    }

    nonisolated(nonsending) func send(_ bytes: [UInt8]) async throws(SocketError) {
        state.withLock { state in state.codec.encode(bytes, into: &state.output) }
        try await flush()
        // What somebody else sends for us may take its time: no more is taken in meanwhile.
        while let turn = turn() { for await _ in turn {} }
    }

    /// Ends when whoever sends is done; nil while nobody does, or the task is cancelled.
    private func turn() -> AsyncStream<Void>? {
        state.withLock { state in
            if !state.isSending || Task.isCancelled { return nil }
            let (turn, continuation) = AsyncStream<Void>.makeStream()
            state.waiting.append(continuation)
            return turn
        }
    }

    /// Sends what waits, unless somebody does so already: whoever does sends what comes meanwhile too.
    private nonisolated(nonsending) func flush() async throws(SocketError) {
        while let piece = take() {
            defer { release() }
            try await peer.send(piece)
        }
    }

    private func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isSending = false
            return state.waiting
        }
        for continuation in waiting { continuation.finish() }
    }

    private func take() -> [UInt8]? {
        state.withLock { state in
            if state.isSending || state.output.isEmpty { return nil }
            state.isSending = true
            return state.output.take(state.output.count)
        }
    }

    nonisolated(nonsending) func endSending() async { await peer.endSending() }

    func close() { peer.close() }

    /// What is data of what has come; the rest is answered.
    private func data(_ state: inout State) throws(SocketError) -> [UInt8] {
        var data: [UInt8] = []
        do throws(FramingError) {
            while let event = try state.codec.next(in: &state.input, answer: &state.output) {
                switch event {
                case .data(let bytes): data += bytes
                case .enabled(.echo, .remote): side.hideTyping(true)
                case .disabled(.echo, .remote): side.hideTyping(false)
                case .enabled(.windowSize, .local): try tellSize(&state)
                case .subnegotiation(.terminalType, [Self.ask]):
                    try state.codec.encode(
                        subnegotiation: [Self.answer] + Self.terminalType, of: .terminalType, into: &state.output)
                case .command, .enabled, .disabled, .subnegotiation: break
                }
            }
        } catch {
            throw SocketError(.receive, .invalid("\(error)"))
        }
        return data
    }

    private func tellSize(_ state: inout State) throws(FramingError) {
        guard let size = side.terminalSize else { return }
        let known = TelnetWindowSize(columns: UInt16(clamping: size.columns), rows: UInt16(clamping: size.rows))
        try state.codec.encode(subnegotiation: known.content, of: .windowSize, into: &state.output)
    }

    /// What every program that asks knows; the line editor needs no more of a terminal.
    private static let terminalType = Array("XTERM".utf8)
    private static let answer: UInt8 = 0
    private static let ask: UInt8 = 1
}
