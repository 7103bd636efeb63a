// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// How many characters a terminal shows.
package struct TerminalSize: Hashable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

extension SystemCalls {
    /// Whether somebody may be looking: false for a file, a pipe, a socket and a closed descriptor.
    ///
    /// C: `isatty(3)`.
    package static func isTerminal(_ descriptor: CInt) -> Bool {
        (try? perform(.tcgetattr) { isatty(descriptor) == 1 ? 0 : -1 }) != nil
    }

    /// The terminal's size; 0 by 0 where nobody has told it.
    ///
    /// C: `ioctl(2)` with `TIOCGWINSZ`.
    package static func terminalSize(_ descriptor: CInt) throws(Errno) -> TerminalSize {
        var size = winsize()
        _ = try perform(.ioctl) { unsafe nw_ioctl(descriptor, nw_tiocgwinsz, &size) }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Tells the terminal its size; the programs on it get `SIGWINCH`. Numbers over 65535 become that.
    ///
    /// C: `ioctl(2)` with `TIOCSWINSZ`.
    package static func setTerminalSize(_ descriptor: CInt, to wanted: TerminalSize) throws(Errno) {
        var size = winsize()
        size.ws_col = UInt16(clamping: wanted.columns)
        size.ws_row = UInt16(clamping: wanted.rows)
        _ = try perform(.ioctl) { unsafe nw_ioctl(descriptor, nw_tiocswinsz, &size) }
    }

    /// Stops this process and its group as ctrl-Z does; returns when somebody has continued it.
    ///
    /// C: `kill(2)` with `SIGTSTP`.
    package static func suspendGroup() { _ = kill(0, SIGTSTP) }

    static func terminalSettings(_ descriptor: CInt) throws(Errno) -> termios {
        var settings = termios()
        _ = try perform(.tcgetattr) { unsafe tcgetattr(descriptor, &settings) }
        return settings
    }

    static func setTerminalSettings(_ descriptor: CInt, _ settings: termios) throws(Errno) {
        var settings = settings
        _ = try perform(.tcsetattr) { unsafe tcsetattr(descriptor, TCSADRAIN, &settings) }
    }
}

/// A terminal that hands over each key as it is typed and shows nothing by itself, for as long as this value lives: at
/// its end the terminal is what it was before.
///
/// A process that a signal ends leaves its terminal raw: who uses this takes `SIGTERM` and `SIGHUP` by
/// ``SignalDescriptor``.
///
/// C: `termios(3)`, `cfmakeraw(3)`.
package struct RawTerminal: ~Copyable, Sendable {
    private let descriptor: CInt
    private let before: termios

    /// Makes a terminal raw. It borrows the descriptor, which must stay open.
    ///
    /// - Parameter keepingSignals: Control-C and its kin still send signals, instead of being keys like any other.
    /// - Throws: `ENOTTY` for what is no terminal.
    package init(_ descriptor: CInt, keepingSignals: Bool = false) throws(Errno) {
        let settings = try SystemCalls.terminalSettings(descriptor)
        var raw = settings
        unsafe cfmakeraw(&raw)
        if keepingSignals { raw.c_lflag |= tcflag_t(ISIG) }
        try SystemCalls.setTerminalSettings(descriptor, raw)
        self.descriptor = descriptor
        before = settings
    }

    deinit {
        // Nobody is left to hear of an error; whoever wants to hear calls restore().
        try? SystemCalls.setTerminalSettings(descriptor, before)
    }

    /// Makes the terminal what it was before, once what was written to it has been shown.
    package consuming func restore() throws(Errno) {
        let (descriptor, before) = (descriptor, before)
        discard self
        try SystemCalls.setTerminalSettings(descriptor, before)
    }
}
