// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// A signal, by its number. Numbers without a name here are as good as the others.
///
/// C: `signal(7)`.
public struct Signal: RawRepresentable, Hashable, Sendable {
    /// Its number on this system.
    public let rawValue: CInt

    /// The signal with this number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// The terminal has gone, or a server should read its configuration again. C: `SIGHUP`.
    public static let hangUp = Signal(rawValue: SIGHUP)
    /// Somebody typed Control-C. C: `SIGINT`.
    public static let interrupt = Signal(rawValue: SIGINT)
    /// Somebody typed Control-\. C: `SIGQUIT`.
    public static let quit = Signal(rawValue: SIGQUIT)
    /// Ends a process at once; it can't be blocked. C: `SIGKILL`.
    public static let kill = Signal(rawValue: SIGKILL)
    /// For the program's own use. C: `SIGUSR1`.
    public static let user1 = Signal(rawValue: SIGUSR1)
    /// For the program's own use. C: `SIGUSR2`.
    public static let user2 = Signal(rawValue: SIGUSR2)
    /// A write that nobody can read any more. C: `SIGPIPE`.
    public static let pipe = Signal(rawValue: SIGPIPE)
    /// The polite request to end. C: `SIGTERM`.
    public static let terminate = Signal(rawValue: SIGTERM)
    /// A child has ended, stopped or gone on. C: `SIGCHLD`.
    public static let child = Signal(rawValue: SIGCHLD)
    /// The terminal has another size. C: `SIGWINCH`.
    public static let windowChange = Signal(rawValue: SIGWINCH)
}

extension Signal: CustomStringConvertible {
    /// C's name, or the number.
    public var description: String {
        switch self {
        case .hangUp: "SIGHUP"
        case .interrupt: "SIGINT"
        case .quit: "SIGQUIT"
        case .kill: "SIGKILL"
        case .user1: "SIGUSR1"
        case .user2: "SIGUSR2"
        case .pipe: "SIGPIPE"
        case .terminate: "SIGTERM"
        case .child: "SIGCHLD"
        case .windowChange: "SIGWINCH"
        default: "signal \(rawValue)"
        }
    }
}

/// Several signals.
///
/// C: `sigset_t`, `sigsetops(3)`.
package struct SignalSet: Sendable, ExpressibleByArrayLiteral {
    var system = sigset_t()

    /// These signals; a number that is none is left out.
    package init(_ signals: some Sequence<Signal>) {
        unsafe sigemptyset(&system)
        for signal in signals { unsafe sigaddset(&system, signal.rawValue) }
    }

    package init(arrayLiteral signals: Signal...) { self.init(signals) }

    /// Every signal that there is.
    package static var all: SignalSet {
        var set = SignalSet([])
        unsafe sigfillset(&set.system)
        return set
    }

    package func contains(_ signal: Signal) -> Bool {
        var copy = system
        return unsafe sigismember(&copy, signal.rawValue) == 1
    }
}

extension SystemCalls {
    /// Blocks signals in the calling thread: they stay pending until somebody takes or unblocks them. Threads that it
    /// starts later inherit that; a program that wants them from one place blocks them before its first thread.
    ///
    /// - Returns: what was blocked before; give it to ``setBlocked(_:)`` to have that again.
    ///
    /// C: `pthread_sigmask(3)`.
    @discardableResult
    package static func block(_ signals: SignalSet) throws(Errno) -> SignalSet {
        try changeBlocked(SIG_BLOCK, signals)
    }

    /// Lets signals through to the calling thread, pending ones at once.
    ///
    /// - Returns: what was blocked before.
    ///
    /// C: `pthread_sigmask(3)`.
    @discardableResult
    package static func unblock(_ signals: SignalSet) throws(Errno) -> SignalSet {
        try changeBlocked(SIG_UNBLOCK, signals)
    }

    /// Blocks these signals in the calling thread and no other.
    ///
    /// C: `pthread_sigmask(3)`.
    package static func setBlocked(_ signals: SignalSet) throws(Errno) {
        _ = try changeBlocked(SIG_SETMASK, signals)
    }

    private static func changeBlocked(_ how: CInt, _ signals: SignalSet) throws(Errno) -> SignalSet {
        var set = signals.system
        var before = SignalSet([])
        try answeringError(.sigmask) { unsafe pthread_sigmask(how, &set, &before.system) }
        return before
    }

    /// Makes a call that answers with an error number in place of −1, again for as long as a signal interrupts it.
    static func answeringError(_ call: SystemCall, _ body: () -> CInt) throws(Errno) {
        _ = try perform(call) {
            let error = body()
            if error == 0 { return CInt(0) }
            nw_set_errno(error)
            return -1
        }
    }
}
