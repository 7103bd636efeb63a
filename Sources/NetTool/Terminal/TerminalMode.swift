// SPDX-License-Identifier: Apache-2.0
import Sockets
import Synchronization
import SystemPackage

/// The terminal while ``TerminalStreams`` has it: each key comes as it is typed, and what is pasted says so. Whoever
/// ends the program calls ``restore()`` first, on whatever thread.
final class TerminalMode: Sendable {
    private let raw = Mutex<RawTerminal?>(nil)

    /// Makes the terminal raw.
    ///
    /// - Throws: the system's reason.
    func begin() throws(Errno) {
        try raw.withLock { raw throws(Errno) in
            if raw == nil { raw = try RawTerminal(FileDescriptor.standardInput.rawValue) }
        }
    }

    /// Makes the terminal what it was. The row on which a line was typed is emptied.
    func restore() {
        raw.withLock { raw in
            if raw == nil { return }
            _ = try? FileDescriptor.standardOutput.writeAll((LineView.empty + Self.pasteOff).utf8)
            raw = nil
        }
    }

    static let pasteOn = "\u{1B}[?2004h"
    private static let pasteOff = "\u{1B}[?2004l"
}
