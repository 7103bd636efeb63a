// SPDX-License-Identifier: Apache-2.0
import CSockets
package import SystemPackage

/// Signals as something to read: a descriptor that is readable while one of its signals is pending. No handler is
/// installed, and no code runs where it was not called.
///
/// The signals must be blocked (``SystemCalls/block(_:)``) in every thread, else the system delivers them the old way:
/// ``SystemCalls/redirect(_:)`` sees to that where threads run already.
/// A pending signal is read by one descriptor only; several of one kind may arrive as one.
///
/// C: `signalfd(2)`.
package struct SignalDescriptor: ~Copyable, Sendable {
    private let owned: OwnedDescriptor

    /// One signal that arrived.
    package struct Arrival: Hashable, Sendable {
        package let signal: Signal
        /// The process that sent it; of `SIGCHLD` the child. 0 where the kernel sent it.
        package let sender: CInt
        /// The sender's user.
        package let user: UInt32
    }

    /// For selectors. It is non-blocking and closed on exec.
    package var number: CInt { owned.number }

    /// Makes a descriptor for these signals; it does not block them.
    ///
    /// C: `signalfd(2)`.
    package init(_ signals: SignalSet) throws(Errno) {
        var set = signals.system
        let flags = CInt(SFD_CLOEXEC) | CInt(SFD_NONBLOCK)
        owned = OwnedDescriptor(try SystemCalls.perform(.signalfd) { unsafe signalfd(-1, &set, flags) })
    }

    /// The next pending signal, or nil.
    ///
    /// C: `read(2)`.
    package borrowing func next() throws(Errno) -> Arrival? {
        var information = signalfd_siginfo()
        do throws(Errno) {
            let count = try SystemCalls.perform(.read) { [number = owned.number] in
                unsafe read(number, &information, MemoryLayout<signalfd_siginfo>.size)
            }
            guard count == MemoryLayout<signalfd_siginfo>.size else { return nil }
        } catch {
            if error == .wouldBlock { return nil }
            throw error
        }
        return Arrival(
            signal: Signal(rawValue: CInt(bitPattern: information.ssi_signo)),
            sender: CInt(bitPattern: information.ssi_pid), user: information.ssi_uid)
    }
}

extension SystemCalls {
    /// Makes every thread block a signal as soon as it meets it, so that a ``SignalDescriptor`` gets it whatever
    /// threads there are. From then on the signal does nothing by itself: until somebody reads it, it waits. Who had
    /// sent it is lost where a thread had to pass it on.
    ///
    /// - Throws: `EINVAL` for a signal that nobody can catch.
    ///
    /// C: `sigaction(2)`, for the life of the process.
    package static func redirect(_ signal: Signal) throws(Errno) {
        _ = try perform(.sigaction) { nw_redirect_signal(signal.rawValue) }
    }
}
