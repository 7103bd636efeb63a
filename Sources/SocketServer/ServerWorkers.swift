// SPDX-License-Identifier: Apache-2.0
//
// Decision: a worker is a program that is started, not a copy of this process: that is safe whatever threads there are,
//           it costs once and not for each request, and the worker may have threads or tasks itself.
// Hazard:   a worker that can't live at all would be started again without end: between two starts in the place of one
//           that did not live for a second, a second goes by.
import Reactor
public import Sockets

/// Programs that serve one listening socket between them, each started again when it ends: what a server with threads
/// does in place of forking (``RequestConcurrency/processes(maximum:)``).
///
/// ```swift
/// let listener = SharedSocket(try Socket.listening(on: ":1234"))
/// let workers = ServerWorkers(4, of: "/proc/self/exe", ["--worker"], sharing: listener)
/// try workers.run(until: ctrlC)
/// ```
/// and in the worker, which has the listener as its descriptor 3:
/// ```swift
/// try TCPServer(on: "fd:3", concurrency: .threads(maximum: 64), handler: Greeter.init).serveForever()
/// ```
/// Whichever worker is free takes the next client. A crash ends the clients of its own worker and of no other.
///
/// One thread at a time. Known as pre-forking.
public final class ServerWorkers {
    /// What happens to workers.
    public enum Event: Sendable {
        /// One was started; its number.
        case started(Int32)
        /// One has ended. Another one takes its place, unless the workers are to end.
        case ended(Int32, ProcessEnd)
        /// None could be started in the place of one that has ended; it is tried again in a second.
        case notStarted(SocketError)
    }

    /// How many there are.
    public let count: Int
    /// How long they have to end by themselves after SIGTERM, before they are killed with what they have started.
    public var closeLimit = Duration.seconds(5)

    private let listener: SharedSocket
    private let request: SpawnRequest
    private let report: (@Sendable (Event) -> Void)?
    private var workers: [Worker] = []
    /// When a worker may be started again.
    private var nextStart: LoopInstant?

    private final class Worker {
        var process: ChildProcess
        let begun = LoopInstant.systemNow

        init(_ request: SpawnRequest) throws(SocketError) {
            do throws(Errno) { process = try ChildProcess(request) } catch {
                throw SocketError(.start, error: error, subject: request.program)
            }
        }
    }

    /// Workers that are not started yet.
    ///
    /// - Parameters:
    ///   - program: a path, or a name that is looked for along `PATH`.
    ///   - arguments: without the program's own name.
    ///   - listener: becomes descriptor 3 of each. It is the caller's, and stays open.
    ///   - report: hears what happens to them.
    /// - Precondition: there is at least one.
    public init(
        _ count: Int, of program: String, _ arguments: [String] = [], sharing listener: SharedSocket,
        report: (@Sendable (Event) -> Void)? = nil
    ) {
        precondition(count >= 1, "there is at least one worker")
        self.count = count
        self.listener = listener
        self.report = report
        var request = SpawnRequest(program, arguments: [program] + arguments)
        request.descriptors = [listener.descriptor.rawValue]
        self.request = request
    }

    /// The workers' process numbers.
    public var identifiers: [Int32] { workers.map { $0.process.identifier } }

    /// Starts the workers, and keeps as many running until something becomes readable: a pipe, a program's ctrl-C.
    /// Then they are sent SIGTERM, and this returns when the last one has ended.
    ///
    /// - Throws: what keeps the first ones from being started (`ENOENT`, `EACCES`, `EMFILE`, …); none is left then.
    public func run(until end: borrowing some Selectable & ~Copyable) throws(SocketError) {
        defer { stop() }
        while workers.count < count { try startOne() }
        while true {
            let events = try wait(end.descriptor)
            if events.contains(end.descriptor) { return }
            replaceEnded()
        }
    }

    private func startOne() throws(SocketError) {
        let worker = try Worker(request)
        workers.append(worker)
        report?(.started(worker.process.identifier))
    }

    /// What has become readable; nothing when a worker may be started again.
    private func wait(_ end: FileDescriptor?) throws(SocketError) -> Set<FileDescriptor> {
        var poll = Poll()
        if let end { poll.register(end, for: .input) }
        for worker in workers { poll.register(worker.process.number, for: .input) }
        let timeout = nextStart.map { LoopInstant.systemNow.duration(to: $0) }
        do throws(SelectorError) { return Set(try poll.wait(timeout: timeout).map(\.descriptor)) } catch {
            throw SocketError(error)
        }
    }

    private func replaceEnded() {
        let now = LoopInstant.systemNow
        for worker in takeEnded() where worker.begun.duration(to: now) < Self.pause {
            nextStart = nextStart ?? now.advanced(by: Self.pause)
        }
        if let wanted = nextStart, now < wanted { return }
        nextStart = nil
        while workers.count < count {
            do throws(SocketError) { try startOne() } catch {
                report?(.notStarted(error))
                nextStart = now.advanced(by: Self.pause)
                return
            }
        }
    }

    private static var pause: Duration { .seconds(1) }

    /// Those that have ended; they are no workers any more.
    private func takeEnded() -> [Worker] {
        let ended = workers.filter { worker in
            guard let end = (try? worker.process.end()) ?? nil else { return false }
            report?(.ended(worker.process.identifier, end))
            return true
        }
        workers.removeAll { worker in ended.contains { $0 === worker } }
        return ended
    }

    private func stop() {
        for worker in workers { try? worker.process.send(.terminate) }
        nextStart = LoopInstant.systemNow.advanced(by: closeLimit)
        while let limit = nextStart, !workers.isEmpty, LoopInstant.systemNow < limit {
            if (try? wait(nil)) == nil { break }
            _ = takeEnded()
        }
        nextStart = nil
        for worker in workers {
            try? worker.process.sendToGroup(.kill)
            if let end = try? worker.process.wait() { report?(.ended(worker.process.identifier, end)) }
        }
        workers = []
    }
}
