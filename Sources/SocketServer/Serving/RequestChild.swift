// SPDX-License-Identifier: Apache-2.0
public import Sockets
import Reactor

/// A process that handles one request. Touched by the thread that serves alone.
final class RequestChild: @unchecked Sendable {
    private var process: ChildProcess
    let identifier: CInt
    let descriptor: FileDescriptor
    let client: SocketAddress?
    let begun: LoopInstant
    /// Whether it was killed because its time was up.
    private(set) var wasKilled = false

    init(forked identifier: CInt, for client: SocketAddress?) throws(SocketError) {
        do throws(Errno) { process = try ChildProcess(forked: identifier) } catch {
            throw SocketError(.start, error: error, subject: "a process for a request")
        }
        self.identifier = identifier
        descriptor = FileDescriptor(rawValue: process.number)
        self.client = client
        begun = .systemNow
    }

    /// Ends it, with everything in its process group.
    func kill() {
        if wasKilled { return }
        wasKilled = true
        try? process.sendToGroup(.kill)
    }

    /// How it ended; nil while it goes on. In a program that ignores `SIGCHLD` nobody knows: then it counts as well.
    func end() -> ProcessEnd? {
        do throws(Errno) { return try process.end() } catch { return .exited(0) }
    }
}

/// A process that handled a request did not come to its end by itself.
public struct RequestProcessFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// How it ended.
    public let end: ProcessEnd
    /// Whether the server killed it, because its time was up (``ServerConfiguration/requestLimit``) or at the end.
    public let wasKilled: Bool

    /// One line.
    public var description: String {
        wasKilled ? "the process of the request was killed: its time was up" : "the process of the request: \(end)"
    }
}
