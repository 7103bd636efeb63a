// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization
import SystemPackage

/// The terminal while ``TerminalStreams`` has it: each key comes as it is typed, and what is pasted says so. Whoever
/// ends the program calls ``restore(forGood:)`` first, on whatever thread.
final class TerminalMode: Sendable {
    private struct State: ~Copyable {
        var raw: RawTerminal?
        var isOver = false
    }

    private let state = Mutex(State())

    /// Makes the terminal raw, unless it was restored for good.
    ///
    /// - Throws: the system's reason.
    func begin() throws(Errno) {
        try state.withLock { state throws(Errno) in
            if state.raw == nil, !state.isOver { state.raw = try RawTerminal(FileDescriptor.standardInput.rawValue) }
        }
    }

    /// Makes the terminal what it was, and writes nothing: whoever typed has no row any more, and ``pasteOff`` is said.
    func end() { state.withLock { $0.raw = nil } }

    /// Makes the terminal what it was. The row on which a line was typed is emptied.
    ///
    /// - Parameter forGood: the process ends, and nobody else makes the terminal raw meanwhile.
    func restore(forGood: Bool = false) {
        state.withLock { state in
            if forGood { state.isOver = true }
            if state.raw == nil { return }
            _ = try? FileDescriptor.standardOutput.writeAll((LineView.empty + Self.pasteOff).utf8)
            state.raw = nil
        }
    }

    static let pasteOn = "\u{1B}[?2004h"
    static let pasteOff = "\u{1B}[?2004l"
}
