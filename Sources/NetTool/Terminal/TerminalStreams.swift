// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a terminal's own line editing shows what is typed where the cursor happens to be: what comes meanwhile is
//           written into the middle of it.
//           A raw terminal makes no signal of ctrl-C: it is a key, which is dead while nobody reads the keyboard.
// Decision: the terminal is raw only while there is a peer, and then the keyboard is always read, whatever the peer
//           does. Before that, and between two connections, ctrl-C and ctrl-Z are the system's own.
//           The line that is typed has one row, the last. What comes is written above it, whole lines at a time; the
//           beginning of a line that has no end yet (a question like "login: ") stands in front of what is typed.
import Reactor
import Sockets
import Synchronization
import SystemPackage

/// A person at a terminal: lines with editing and history, which nothing that comes disturbs.
final class TerminalStreams: LocalSide {
    private struct State {
        var decoder = KeyDecoder()
        var editor = LineEditor()
        /// What came without a line's end.
        var unfinished: [UInt8] = []
        /// Whether there is a peer, and with it a row to type in.
        var isAttended = false
        /// Whether nothing was read yet since the terminal is raw.
        var isFresh = false
        /// Whether ctrl-D has ended this side: nothing more is typed.
        var hasEnded = false
        /// Whether the peer shows what is typed, or keeps it secret.
        var isHidden = false
    }

    private let state = Mutex(State())
    private let typed = TypedText()
    private let input: Connection
    private let output: OutputQueue
    private let mode: TerminalMode
    private let interrupted: @Sendable () -> Void

    /// The terminal is not changed before ``attend(_:)``.
    ///
    /// - Parameter interrupted: called at ctrl-C.
    init(
        on loop: EventLoop, mode: TerminalMode, interrupted: @escaping @Sendable () -> Void
    ) async throws(ToolFailure) {
        do throws(SocketError) { input = try await .over(reading: .standardInput, writing: nil, on: loop) } catch {
            throw ToolFailure(error, of: "standard input")
        }
        output = try await OutputQueue(to: .standardOutput, named: "standard output", on: loop)
        self.mode = mode
        self.interrupted = interrupted
    }

    /// Whether somebody types, and sees what comes, at a terminal that can move its cursor.
    static var isThere: Bool {
        Environment.value(of: "TERM") != "dumb"
            && [FileDescriptor.standardInput, .standardOutput].allSatisfy { SystemCalls.isTerminal($0.rawValue) }
    }

    func use(_ body: @Sendable () async throws -> Void) async throws { try await output.use(body) }

    func attend(_ body: @Sendable () async throws -> Void) async throws {
        try begin()
        defer { end() }
        try await readKeys(while: body)
    }

    /// Has the terminal, and shows a row to type in.
    private func begin() throws(ToolFailure) {
        do throws(Errno) { try mode.begin() } catch {
            throw ToolFailure(.inputOutput, "the terminal: \(error.words)")
        }
        state.withLock { state in
            state.isAttended = true
            state.decoder = KeyDecoder()
            state.isFresh = true
        }
        try ask(TerminalMode.pasteOn)
    }

    /// Shows the rest of what came, and no row to type in any more.
    private func end() {
        // Nobody writes what waits any more.
        if Task.isCancelled { return mode.restore() }
        let rest = state.withLock { state in
            state.isAttended = false
            defer { state.unfinished = [] }
            return state.unfinished
        }
        let text = rest.isEmpty ? "" : Self.onScreen(rest) + "\r\n"
        try? output.write((LineView.empty + text + TerminalMode.pasteOff).utf8)
        mode.end()
    }

    // MARK: What is typed

    func receive(upTo maximum: Int) async throws(ToolFailure) -> [UInt8]? { try await typed.next(upTo: maximum) }

    private func readKeys(while body: @Sendable () async throws -> Void) async throws {
        async let _ = readKeys()
        try await body()
    }

    /// Reads the keyboard until the task is cancelled, or the terminal is gone.
    private func readKeys() async {
        do throws(ToolFailure) {
            while let bytes = try await keys() { try act(on: bytes) }
            typed.end()
        } catch {
            if !Task.isCancelled { typed.end(after: error) }
        }
    }

    private func keys() async throws(ToolFailure) -> [UInt8]? {
        do throws(SocketError) { return try await input.receive(upTo: 4096) } catch {
            throw ToolFailure(error, of: "standard input")
        }
    }

    /// Does what the keys say. It waits for nobody who reads: the next key may be ctrl-C.
    private func act(on bytes: [UInt8]) throws(ToolFailure) {
        var shown = ""
        var isRefused = false
        for key in keys(in: bytes) {
            switch state.withLock({ handle(key, &$0) }) {
            case .changed: break
            case .refused: isRefused = true
            case .clear: shown += "\u{1B}[H\u{1B}[2J"
            case .line(let line):
                typed.append(Array(line.utf8) + [0x0A])
                let (prompt, isHidden) = state.withLock { state in
                    defer { state.unfinished = [] }
                    return (Self.prompt(state), state.isHidden)
                }
                shown += "\(LineView.empty)\(prompt)\(isHidden ? "" : line.map(\.displayText).joined())\r\n"
            case .end: typed.end()
            case .interrupt: interrupted()
            case .suspend:
                try ask(shown)
                shown = ""
                try suspend()
            }
        }
        try ask(isRefused ? shown + "\u{7}" : shown)
    }

    /// A ctrl-D that was typed while the terminal was not raw is handed over as a 0.
    private func keys(in bytes: [UInt8]) -> [Key] {
        state.withLock { state in
            defer { state.isFresh = false }
            return state.decoder.keys(state.isFresh ? bytes.map { $0 == 0 ? 4 : $0 } : bytes)
        }
    }

    private func handle(_ key: Key, _ state: inout State) -> LineEditor.Outcome {
        // Behind the end nothing is typed, and a line for which there is no room stays where it is.
        let isTyping = key != .interrupt && key != .suspend
        if isTyping, state.hasEnded || key == .enter && typed.isFull { return .refused }
        let outcome = state.editor.handle(key)
        if outcome == .end { state.hasEnded = true }
        return outcome
    }

    /// As ctrl-Z does: the shell has the terminal until it brings this program back.
    private func suspend() throws(ToolFailure) {
        mode.restore()
        SystemCalls.suspendGroup()
        try begin()
    }

    // MARK: What is shown

    func send(_ bytes: [UInt8]) async throws(ToolFailure) {
        let lines = state.withLock { state -> [UInt8] in
            state.unfinished += bytes
            guard let end = state.unfinished.lastIndex(of: 0x0A) else { return [] }
            let lines = Array(state.unfinished[...end])
            state.unfinished.removeFirst(lines.count)
            return lines
        }
        try ask(LineView.empty + Self.onScreen(lines))
        try await output.waitForRoom()
    }

    func hideTyping(_ isHidden: Bool) {
        state.withLock { $0.isHidden = isHidden }
        try? ask()
    }

    var terminalSize: TerminalSize? {
        try? SystemCalls.terminalSize(FileDescriptor.standardOutput.rawValue)
    }

    /// What is to be seen of what is typed.
    private static func visible(_ state: State) -> [Character] { state.isHidden ? [] : state.editor.characters }

    func remark(_ line: String) { try? ask("\(LineView.empty)\(line)\r\n") }

    /// Shows the row anew: the terminal may have another size.
    func refresh() { try? ask() }

    /// Writes a text and the row on which a line is typed behind it.
    private func ask(_ text: String = "") throws(ToolFailure) {
        let columns = terminalSize.map { $0.columns > 0 ? $0.columns : 80 } ?? 80
        let row = state.withLock { state in
            if !state.isAttended || state.hasEnded { return "" }
            return LineView.row(
                prompt: Self.prompt(state), Self.visible(state), cursor: state.isHidden ? 0 : state.editor.cursor,
                columns: columns)
        }
        try output.write((text + row).utf8)
    }

    private static let usualPrompt = ">>: "

    /// What stands in front of what is typed.
    private static func prompt(_ state: State) -> String {
        if state.unfinished.isEmpty { return usualPrompt }
        let text = String(decoding: state.unfinished, as: UTF8.self)
        let line = text.split(separator: "\r", omittingEmptySubsequences: true).last.map(String.init) ?? ""
        return line.isEmpty ? usualPrompt : line.withoutSequences
    }

    /// A raw terminal goes down at LF, and stays in its column.
    private static func onScreen(_ bytes: [UInt8]) -> String {
        var endings = LineEndings()
        return String(decoding: endings.expanded(bytes), as: UTF8.self)
    }
}

extension String {
    /// The text without the sequences that set colours: in front of a line that is edited they would count as columns.
    fileprivate var withoutSequences: String {
        var result = ""
        var isInside = false
        for scalar in unicodeScalars {
            if scalar == "\u{1B}" {
                isInside = true
            } else if isInside {
                isInside = !(scalar.properties.isAlphabetic || scalar == "~")
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
