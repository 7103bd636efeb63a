// SPDX-License-Identifier: Apache-2.0
//
// Facts:    a terminal's own line editing shows what is typed where the cursor happens to be: what comes meanwhile is
//           written into the middle of it.
// Decision: the line that is typed has one row, the last. What comes is written above it, whole lines at a time; the
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
        /// What is to be sent.
        var typed: [UInt8] = []
        var hasEnded = false
        /// Whether the row is on the screen.
        var isAsking = false
    }

    private let state = Mutex(State())
    private let input: Connection
    private let output: OutputQueue
    private let mode: TerminalMode
    private let interrupted: @Sendable () -> Void

    /// Nothing is changed before ``begin()``.
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

    /// Whether somebody types, and sees what comes.
    static var isThere: Bool {
        [FileDescriptor.standardInput, .standardOutput].allSatisfy { SystemCalls.isTerminal($0.rawValue) }
    }

    func use(_ body: @Sendable () async throws -> Void) async throws {
        do throws(Errno) { try mode.begin() } catch {
            throw ToolFailure(.inputOutput, "the terminal: \(error.words)")
        }
        defer { mode.restore() }
        try await output.use { [self] in
            defer { end() }
            try ask(TerminalMode.pasteOn)
            try await body()
        }
    }

    /// Shows the rest of what came, and no row to type in any more.
    private func end() {
        let rest = state.withLock { state in
            state.hasEnded = true
            return state.unfinished
        }
        let text = rest.isEmpty ? "" : Self.onScreen(rest) + "\r\n"
        try? output.write((LineView.empty + text).utf8)
    }

    // MARK: What is typed

    func receive(upTo maximum: Int) async throws(ToolFailure) -> [UInt8]? {
        while true {
            let (piece, hasEnded) = state.withLock { state in
                let piece = Array(state.typed.prefix(maximum))
                state.typed.removeFirst(piece.count)
                return (piece, state.hasEnded)
            }
            if !piece.isEmpty { return piece }
            if hasEnded { return nil }
            let bytes: [UInt8]?
            do throws(SocketError) { bytes = try await input.receive(upTo: 4096) } catch {
                throw ToolFailure(error, of: "standard input")
            }
            guard let bytes else { return nil }
            for key in state.withLock({ $0.decoder.keys(bytes) }) { try act(on: key) }
        }
    }

    private func act(on key: Key) throws(ToolFailure) {
        let (outcome, before) = state.withLock { state in
            let before = (prompt: Self.prompt(state), line: state.editor.characters)
            return (state.editor.handle(key), before)
        }
        switch outcome {
        case .changed: try ask()
        case .refused: try output.write("\u{7}".utf8)
        case .clear: try ask("\u{1B}[H\u{1B}[2J")
        case .line(let line):
            state.withLock { state in
                state.typed += Array(line.utf8) + [0x0A]
                state.unfinished = []
            }
            let shown = before.line.map(\.displayText).joined()
            try ask("\(LineView.empty)\(before.prompt)\(shown)\r\n")
        case .end: state.withLock { $0.hasEnded = true }
        case .interrupt: interrupted()
        case .suspend: try suspend()
        }
    }

    /// As ctrl-Z does: the shell has the terminal until it brings this program back.
    private func suspend() throws(ToolFailure) {
        mode.restore()
        SystemCalls.suspendGroup()
        do throws(Errno) { try mode.begin() } catch {
            throw ToolFailure(.inputOutput, "the terminal: \(error.words)")
        }
        try ask(TerminalMode.pasteOn)
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

    func remark(_ line: String) { try? ask("\(LineView.empty)\(line)\r\n") }

    /// Shows the row anew: the terminal may have another size.
    func refresh() { try? ask() }

    /// Writes a text and the row on which a line is typed behind it.
    private func ask(_ text: String = "") throws(ToolFailure) {
        let size = try? SystemCalls.terminalSize(FileDescriptor.standardOutput.rawValue)
        let columns = size.map { $0.columns > 0 ? $0.columns : 80 } ?? 80
        let row = state.withLock { state in
            if state.hasEnded { return "" }
            return LineView.row(
                prompt: Self.prompt(state), state.editor.characters, cursor: state.editor.cursor, columns: columns)
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
