// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// What somebody has typed and nobody has sent yet: the keyboard is read whether the peer reads or not.
final class TypedText: Sendable {
    /// A line that is typed while so many bytes wait is not taken.
    static let limit = 1 << 24

    private struct State {
        var bytes: [UInt8] = []
        /// What comes behind the bytes: nothing, or a failure. Nil while more may be typed.
        var end: Result<Void, ToolFailure>?
        /// Finished when there is news for whoever waits.
        var bell: AsyncStream<Void>.Continuation?
    }

    private let state = Mutex(State())

    /// Whether more waits than should.
    var isFull: Bool { state.withLock { $0.bytes.count >= Self.limit } }

    /// Puts a line behind what waits.
    func append(_ line: some Sequence<UInt8>) {
        change { $0.bytes += line }
    }

    /// Nothing more is typed. The first call counts.
    func end(after failure: ToolFailure? = nil) {
        change { $0.end = $0.end ?? failure.map { .failure($0) } ?? .success(()) }
    }

    private func change(_ body: (inout State) -> Void) {
        let bell = state.withLock { state in
            body(&state)
            return state.bell.take()
        }
        bell?.finish()
    }

    /// Waits for the next bytes, at most so many; nil at the end.
    ///
    /// - Throws: what was given as the end; a failure without words when the task is cancelled, and nothing is lost.
    func next(upTo maximum: Int) async throws(ToolFailure) -> [UInt8]? {
        while !Task.isCancelled {
            let (news, bell) = AsyncStream<Void>.makeStream()
            let (piece, end) = state.withLock { state in
                let piece = Array(state.bytes.prefix(maximum))
                state.bytes.removeFirst(piece.count)
                state.bell = bell
                return (piece, state.end)
            }
            if !piece.isEmpty { return piece }
            if let end {
                try end.get()
                return nil
            }
            for await _ in news {}
        }
        throw ToolFailure(.interrupted, nil)
    }
}
