// SPDX-License-Identifier: Apache-2.0
//
// Facts:    whoever starts this process may hand it listening sockets by number (`fd:3`) or, as systemd does, in a row
//           from 3 on with names in the environment. Such a number has no owner here until somebody takes it.
// Hazard:   two owners of one number. The second close would hit whatever has the number by then.
// Decision: each socket is taken once in the life of the process, whoever asks: it is known by its number and its
//           inode, for once it is closed another one may get the number. It is closed on exec from then on.
import SystemPackage
import Synchronization

/// The sockets that this process was started with.
package enum InheritedSockets {
    private struct Identity: Hashable {
        let number: CInt
        let inode: UInt64
    }

    private static let taken = Mutex<Set<Identity>>([])

    /// The descriptors that an endpoint names: one for `fd:`, each with that name for `systemd:`; nil for an endpoint
    /// that names none.
    ///
    /// - Throws: `.invalid` when systemd passed none with that name.
    package static func descriptors(
        of endpoint: Endpoint, for operation: SocketError.Operation
    ) throws(SocketError) -> [CInt]? {
        switch endpoint.target {
        case .descriptor(let number): return [number]
        case .systemd(let name):
            switch PassedDescriptors(Environment.value, process: SystemCalls.processIdentifier).numbers(named: name) {
            case .found(let numbers): return numbers
            case .missing(let why): throw SocketError(operation, .invalid(why), subject: "\(endpoint)")
            }
        default: return nil
        }
    }

    /// Takes over a listening descriptor. If that fails it stays what it was.
    ///
    /// - Throws: `.invalid` for one that does not listen for streams, `.busy` for one that was taken before, `.system`
    ///   with `EBADF` or `ENOTSOCK`.
    package static func takeListener(_ number: CInt, subject: String) throws(SocketError) -> Socket {
        let inode: UInt64
        do throws(Errno) { inode = try SystemCalls.status(of: number).inode } catch {
            throw SocketError(.adopt, error: error, subject: subject)
        }
        let identity = Identity(number: number, inode: inode)
        if !taken.withLock({ $0.insert(identity).inserted }) { throw SocketError(.adopt, .busy, subject: subject) }
        do throws(SocketError) {
            let socket = try Socket(adopting: FileDescriptor(rawValue: number))
            let isListening = (try? socket[.isListening]) ?? false
            guard isListening, socket.kind == .stream else {
                _ = socket.detach()
                throw SocketError(.adopt, .invalid("it does not listen for streams"), subject: subject)
            }
            try? socket.setInheritable(false)
            return socket
        } catch {
            taken.withLock { _ = $0.remove(identity) }
            throw SocketError(.adopt, error.reason, subject: subject)
        }
    }
}

/// What systemd says in the environment about the descriptors that it passes.
///
/// `sd_listen_fds(3)`.
struct PassedDescriptors {
    /// The first one's number. C: `SD_LISTEN_FDS_START`.
    static let first: CInt = 3

    private let names: [Substring]
    /// Why there are none; nil when there are.
    private let absence: String?

    /// - Parameters:
    ///   - variable: the value of an environment variable.
    ///   - process: this process's number: what was meant for a parent is not for its child.
    init(_ variable: (String) -> String?, process: CInt) {
        let count = variable("LISTEN_FDS").flatMap { Int($0) } ?? 0
        // Twice as many as a process has descriptors by default, and a bound for what a wrong number makes us do.
        guard (1...2048).contains(count) else {
            (names, absence) = ([], "systemd passes no descriptors: LISTEN_FDS says so")
            return
        }
        guard variable("LISTEN_PID") == "\(process)" else {
            (names, absence) = ([], "systemd passes its descriptors to another process: LISTEN_PID says so")
            return
        }
        // What has no name is called "unknown", as by systemd itself.
        let given = (variable("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        names = (0..<count).map { $0 < given.count && !given[$0].isEmpty ? given[$0] : "unknown" }
        absence = nil
    }

    enum Answer: Equatable {
        /// Never empty.
        case found([CInt])
        /// The reason in words.
        case missing(String)
    }

    /// The descriptors with this name, in their order.
    func numbers(named name: String) -> Answer {
        if let absence { return .missing(absence) }
        let found = names.indices.filter { names[$0] == name }.map { Self.first + CInt($0) }
        if found.isEmpty {
            let known = names.joined(separator: ", ").quotable(maximumLength: 200)
            return .missing("systemd passes no descriptor of this name, but \(known)")
        }
        return .found(found)
    }
}
