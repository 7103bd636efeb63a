// SPDX-License-Identifier: Apache-2.0
package import SystemPackage

/// How a process ended.
public enum ProcessEnd: Hashable, Sendable, CustomStringConvertible {
    /// By itself, with this code; 0 is by custom success.
    case exited(CInt)
    /// By a signal.
    case signalled(Signal, dumpedCore: Bool)

    /// For people: `exit code 1`, `ended by SIGTERM`.
    public var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal, let dumpedCore): "ended by \(signal)\(dumpedCore ? ", core dumped" : "")"
        }
    }
}

/// A process that this one started: one owner, who hears how it ended.
///
/// When the value goes the process goes on: nobody is killed. If it has ended it is forgotten then; if not it is handed
/// to ``AbandonedChildren``, which forgets it some time after its end, so that it stays no zombie for ever.
///
/// C: `posix_spawn(3)`, `pidfd_open(2)`, `waitid(2)`.
package struct ChildProcess: ~Copyable, Sendable {
    /// Its number. It means this process until ``wait()`` or ``end()`` has told how it ended, and perhaps another
    /// after.
    package let identifier: CInt
    private let owned: OwnedDescriptor
    private let leadsGroup: Bool
    private var ended: ProcessEnd?

    /// For selectors: readable once the process has ended. It is closed on exec.
    package var number: CInt { owned.number }

    /// Starts a process.
    ///
    /// - Throws: what the system says: `ENOENT` and `EACCES` for a program that can't be run, or for a directory that
    ///   is not there; `EINVAL` for a text with a NUL; `EAGAIN`, `ENOMEM`, `EMFILE` when something has run out; `ESRCH`
    ///   in a program that ignores `SIGCHLD`, where the system forgets each child at its end. No process is left then.
    package init(_ request: SpawnRequest) throws(Errno) {
        AbandonedChildren.shared.forgetEnded()
        let identifier =
            request.leadsGroup
            ? try ChildGroups.shared.starting { () throws(Errno) in try SystemCalls.spawn(request) }
            : try SystemCalls.spawn(request)
        do throws(Errno) {
            owned = try SystemCalls.processDescriptor(identifier)
        } catch {
            ChildGroups.shared.remove(identifier)
            SystemCalls.endNow(identifier)
            throw error
        }
        self.identifier = identifier
        leadsGroup = request.leadsGroup
    }

    /// Takes over a child that this process has forked, and that leads its group.
    ///
    /// - Throws: `EMFILE` and its like; the child is ended then.
    package init(forked identifier: CInt) throws(Errno) {
        do throws(Errno) {
            _ = try ChildGroups.shared.starting { () throws(Errno) in identifier }
            owned = try SystemCalls.processDescriptor(identifier)
        } catch {
            ChildGroups.shared.remove(identifier)
            SystemCalls.endNow(identifier)
            throw error
        }
        self.identifier = identifier
        leadsGroup = true
    }

    deinit {
        // One that could not be asked may go on.
        if ended == nil && ((try? Self.end(of: identifier, owned.number)) ?? nil) == nil {
            ChildGroups.shared.remove(identifier)
            AbandonedChildren.shared.add(identifier)
        }
    }

    /// How the process ended, which the system tells once, or nil while it goes on.
    private static func end(of identifier: CInt, _ number: CInt) throws(Errno) -> ProcessEnd? {
        try ChildGroups.shared.end(of: identifier) { () throws(Errno) in
            try SystemCalls.end(ofProcess: number, waiting: false)
        }
    }

    /// Blocks until the process has ended. Asked again, the answer is the same.
    ///
    /// C: `waitid(2)`.
    package mutating func wait() throws(Errno) -> ProcessEnd {
        if let ended { return ended }
        _ = try SystemCalls.end(ofProcess: owned.number, waiting: true, keeping: true)
        guard let end = try Self.end(of: identifier, owned.number) else { throw .noChildProcess }
        ended = end
        return end
    }

    /// How the process ended, or nil while it goes on.
    ///
    /// C: `waitid(2)` with `WNOHANG`.
    package mutating func end() throws(Errno) -> ProcessEnd? {
        if let ended { return ended }
        ended = try Self.end(of: identifier, owned.number)
        return ended
    }

    /// Whether the process has ended; it keeps its number until ``wait()`` or ``end()``, so that what it left in its
    /// group can still be signalled.
    ///
    /// C: `waitid(2)` with `WNOWAIT`.
    package borrowing func hasEnded() throws(Errno) -> Bool {
        if ended != nil { return true }
        return try SystemCalls.end(ofProcess: owned.number, waiting: false, keeping: true) != nil
    }

    /// Sends it a signal, and never to anybody else.
    ///
    /// - Throws: `ESRCH` when it has ended and been forgotten.
    ///
    /// C: `pidfd_send_signal(2)`.
    package borrowing func send(_ signal: Signal) throws(Errno) {
        if ended != nil { throw .noSuchProcess }
        try SystemCalls.send(signal, toProcess: owned.number)
    }

    /// Sends a signal to everybody in the group that it leads: itself and what it started, if that has not left the
    /// group.
    ///
    /// - Throws: `ESRCH` when it leads none, or after ``wait()`` or ``end()`` has told how it ended: the number may
    ///   belong to other people by then.
    ///
    /// C: `kill(2)`.
    package borrowing func sendToGroup(_ signal: Signal) throws(Errno) {
        if ended != nil || !leadsGroup { throw .noSuchProcess }
        try SystemCalls.send(signal, toGroup: identifier)
    }
}
