// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization

/// What is to be said and waited for, in the order of the command line: `--expect login: --send 'ann\n'`.
struct Script: Sendable {
    enum Step: Hashable, Sendable {
        case expect([UInt8])
        case send([UInt8])
    }

    let steps: [Step]

    /// Reads the steps from the words of the command line: the parser knows what was given, not in which order.
    ///
    /// - Throws: a failure for an escape that is none.
    init(_ words: [String]) throws(ToolFailure) {
        var steps: [Step] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == "--expect" || parts[0] == "--send",
                let text = parts.count == 2 ? String(parts[1]) : rest.popFirst()
            else { continue }
            let bytes = try Self.bytes(of: text)
            if bytes.isEmpty { throw ToolFailure(.usage, "\(parts[0]) is followed by nothing") }
            steps.append(parts[0] == "--expect" ? .expect(bytes) : .send(bytes))
        }
        self.steps = steps
    }

    /// `\r`, `\n`, `\t`, `\\` and `\x1b` for a byte of any value.
    private static func bytes(of text: String) throws(ToolFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "\\"): bytes.append(byte)
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { fallthrough }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: throw ToolFailure(.usage, "\(text.quoted): a backslash stands in front of r, n, t, \\ or x1b")
            }
        }
        return bytes
    }
}

/// A script in the place of somebody who types.
final class ScriptedInput: Sendable {
    private struct State {
        var steps: ArraySlice<Script.Step>
        /// What came and no step has waited for yet.
        var heard: [UInt8] = []
        var isLate = false
    }

    /// Of what came so much is remembered.
    private static let memory = 1 << 20

    private let patience: Duration
    private let loop: EventLoop
    private let state: Mutex<State>
    private let news: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    /// - Parameter patience: how long each text may take to come.
    init(_ script: Script, patience: Duration, on loop: EventLoop) {
        self.patience = patience
        self.loop = loop
        state = Mutex(State(steps: script.steps[...]))
        (news, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The next bytes to send, once what is waited for before them has come; nil at the script's end.
    func receive() async throws(ToolFailure) -> [UInt8]? {
        while let step = state.withLock({ $0.steps.popFirst() }) {
            switch step {
            case .send(let bytes): return bytes
            case .expect(let bytes): try await wait(for: bytes)
            }
        }
        return nil
    }

    /// Takes what came.
    func hear(_ bytes: [UInt8]) {
        state.withLock { state in
            if state.steps.isEmpty && state.heard.count > Self.memory { return }
            state.heard += bytes
            state.heard.removeFirst(max(0, state.heard.count - Self.memory))
        }
        bell.yield()
    }

    /// Nothing more comes: a text that is waited for never will.
    func peerHasEnded() { bell.finish() }

    private func wait(for text: [UInt8]) async throws(ToolFailure) {
        let alarm = loop.schedule(after: patience) { [self] in
            state.withLock { $0.isLate = true }
            bell.yield()
        }
        defer { alarm.cancel() }
        if found(text) { return }
        for await _ in news {
            if found(text) { return }
            if state.withLock({ $0.isLate }) { break }
        }
        let words = String(decoding: text, as: UTF8.self).quoted
        if state.withLock({ $0.isLate }) {
            throw ToolFailure(.timedOut, "\(words) has not come in \(TimeSpan(patience))")
        }
        throw ToolFailure(.protocolError, "\(words) has not come, and the other side has ended")
    }

    /// Whether the text has come; what stands up to and with it is used up.
    private func found(_ text: [UInt8]) -> Bool {
        state.withLock { state in
            guard let range = state.heard.firstRange(of: text) else { return false }
            state.heard.removeFirst(range.upperBound)
            return true
        }
    }
}
