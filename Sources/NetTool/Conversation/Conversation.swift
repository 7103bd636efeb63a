// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// This side's words to a peer and the peer's to this side, each direction until its own end.
struct Conversation: Sendable {
    /// Which directions there are, and what their ends mean: ``EndOfFile`` has the rules.
    struct Style: Sendable {
        /// Standard input is read and sent.
        var sends = true
        /// What comes is written to standard output; if false it is thrown away.
        var receives = true
        /// The peer's end is the end of everything.
        var endsWithPeer = false
        /// Others come after this peer.
        var keeps = false
        /// The peer learns of the end of standard input.
        var tellsEnd = true
        /// How long the peer may go on after the end of standard input; nil for the rule's own time.
        var linger: Duration?
        /// Somebody types.
        var isAtTerminal = false
        /// The peer gets datagrams, which have no end.
        var isDatagrams = false
    }

    let peer: any Peer
    let side: any LocalSide
    let style: Style
    let loop: EventLoop
    /// Told how many bytes came and went.
    var count: @Sendable (_ received: Int, _ sent: Int) -> Void = { _, _ in }
    /// Called when the peer's end ends the conversation though this side has not ended.
    var peerHasEnded: @Sendable () -> Void = {}

    /// Why a conversation broke off.
    enum Failure: Error {
        /// A standard stream failed: nobody else can be served either.
        case side(ToolFailure)
        /// The connection did.
        case peer(ToolFailure)

        var cause: ToolFailure {
            switch self {
            case .side(let failure), .peer(let failure): failure
            }
        }
    }

    /// Talks until both directions have ended, or one end is the end of everything.
    ///
    /// - Returns: whether this side has said all that it has to say.
    @discardableResult
    func run() async throws(Failure) -> Bool {
        let state = State()
        do { try await side.attend { try await talk(state) } } catch {
            if let failure = error as? ToolFailure { throw .side(failure) }
            throw .peer(ToolFailure(error))
        }
        if let failure = state.lateFailure { throw .peer(failure) }
        return state.hasSentAll
    }

    private func talk(_ state: State) async throws {
        try await withThrowingTaskGroup(of: EndOfFile.Consequence.self) { group in
            if style.sends { group.addTask { try await send(state) } }
            group.addTask { try await receive(state) }
            var isOver = false
            do {
                while let consequence = try await group.next() {
                    guard consequence == .leave else { continue }
                    isOver = true
                    group.cancelAll()
                }
            } catch {
                // The other direction was ended on purpose.
                if !isOver { throw error }
            }
        }
    }

    private func send(_ state: State) async throws -> EndOfFile.Consequence {
        while let bytes = try await side.receive(upTo: peer.maximumLength) {
            do throws(SocketError) { try await peer.send(bytes) } catch {
                guard case .broken = error.reason else { throw error }
                // What the peer said before it left is still to be read.
                if !peer.mayStopReading { state.note(ToolFailure(error)) }
                return .goOn(within: nil)
            }
            count(0, bytes.count)
        }
        state.noteEnd()
        let rule = EndOfFile.rule(for: .input, in: style)
        if rule.tellsPeer { await peer.endSending() }
        if case .goOn(let limit) = rule.consequence, let limit = style.linger ?? limit {
            loop.schedule(after: limit) { [peer] in
                state.noteLingered()
                peer.close()
            }
        }
        return rule.consequence
    }

    private func receive(_ state: State) async throws -> EndOfFile.Consequence {
        do {
            while let bytes = try await peer.nextBytes() {
                count(bytes.count, 0)
                if style.receives { try await side.send(bytes) }
            }
        } catch let error as SocketError where state.hasLingered && error.reason == .closed {
            // The peer had its time to end.
            return .leave
        }
        side.peerHasEnded()
        let consequence = EndOfFile.rule(for: .peer, in: style).consequence
        if style.sends, consequence == .leave, !style.keeps, !state.hasSentAll { peerHasEnded() }
        return consequence
    }

    /// What one direction knows that the other one, or the end, wants to know.
    private final class State: Sendable {
        private struct Value {
            var hasSentAll = false
            var hasLingered = false
            var lateFailure: ToolFailure?
        }

        private let stored = Mutex(Value())

        /// Whether this side has ended.
        var hasSentAll: Bool { stored.withLock { $0.hasSentAll } }
        func noteEnd() { stored.withLock { $0.hasSentAll = true } }

        /// Whether the peer was waited for long enough.
        var hasLingered: Bool { stored.withLock { $0.hasLingered } }
        func noteLingered() { stored.withLock { $0.hasLingered = true } }

        /// A failure that counts once everything else is done.
        var lateFailure: ToolFailure? { stored.withLock { $0.lateFailure } }
        func note(_ failure: ToolFailure) { stored.withLock { $0.lateFailure = failure } }
    }
}
