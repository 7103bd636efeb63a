// SPDX-License-Identifier: Apache-2.0
//
// Facts:    the child of a process with threads may call next to nothing before it becomes another program.
// Decision: the pool's process binds, and starts its own program anew by posix_spawn, with the listeners handed over.
//           It never accepts itself, so that the death of a worker costs that worker's clients and no others.
// Cost:     each worker wakes when a client comes, and all but one find nobody there.
public import Sockets
import Synchronization

/// Several processes of one program that share the listeners: a server that outlives the crash of a part of it.
///
/// ```swift
/// @main struct Program {
///     static func main() async throws {
///         if let worker = Worker.current { return try await serveAsWorker(worker) }
///         try await WorkerPool(on: ":8080", count: 4).run()
///     }
/// }
/// func serveAsWorker(_ worker: Worker) async throws {
///     let server = try await Server(on: worker.endpoints[0]) { connection in try await connection.echo() }
///     try await server.runAsService(notifying: nil)
/// }
/// ```
/// A worker that ends is started anew, after a pause that doubles while they die early. `SIGTERM` and `SIGINT` to the
/// pool are passed on as `SIGTERM`, and it returns when all have ended: by themselves, or by `SIGKILL` when the grace
/// is over.
public final class WorkerPool: Sendable {
    /// What a pool tells of its workers.
    public enum Event: Hashable, Sendable {
        /// A worker was started.
        case started(Worker, process: Int32)
        /// A worker has ended; it is started anew after the pause, which is nil when it is not.
        case ended(Worker, ProcessEnd, restart: Duration?)
        /// A worker can't be started; that is tried anew after the pause.
        case failed(Worker, SocketError, restart: Duration)
    }

    /// The first pause before a worker is started anew, and the longest.
    public static let pauses: ClosedRange<Duration> = .milliseconds(100) ... .seconds(10)
    /// Who has lived for so long has not died early: the pause begins anew.
    public static let steadyAge = Duration.seconds(10)

    private let listeners: [SharedSocket]
    private let count: Int
    private let arguments: [String]
    private let grace: Duration
    private let report: @Sendable (Event) -> Void

    /// Binds: from now on clients can connect, and wait for a worker.
    ///
    /// - Parameters:
    ///   - endpoints: where to listen, one or several: each worker has all of them, in this order.
    ///   - count: how many workers, at least 1.
    ///   - arguments: what they are started with; what this process was started with unless given.
    ///   - grace: how long a worker may take to end once it is asked to.
    ///   - report: what to do with the news; called on the loop of ``run(on:)``.
    /// - Throws: as ``Socket/listening(on:family:backlog:reusesPort:)``.
    public init(
        on endpoints: any EndpointConvertible..., count: Int = EventLoopGroup.processorCount,
        arguments: [String] = Array(CommandLine.arguments.dropFirst()), grace: Duration = .seconds(25),
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) throws(SocketError) {
        var listeners: [SharedSocket] = []
        for endpoint in endpoints {
            listeners.append(SharedSocket(try Socket.listening(on: endpoint, backlog: Listener.defaultBacklog)))
        }
        self.listeners = listeners
        self.count = max(1, count)
        self.arguments = arguments
        self.grace = grace
        self.report = report
    }

    /// Where they listen, with the real ports.
    public var addresses: [SocketAddress] { listeners.compactMap { try? $0.socket.localAddress } }

    /// Keeps the workers until a signal asks for the end, and returns when they have ended.
    ///
    /// - Parameter loop: the loop to be on; the task's own, else one of the process's.
    /// - Throws: as ``EventLoop/signals(_:)``; `.cancelled`, when the workers have ended.
    public func run(on loop: EventLoop? = nil) async throws(SocketError) {
        let loop = try EventLoop.forCaller(loop, .start)
        let signals = try await loop.signals([.terminate, .interrupt])
        try await loop.run(async: { [self] () async throws(SocketError) in
            let outcome = await withTaskGroup(of: Void.self) { group -> Result<Void, SocketError> in
                for number in 1...count {
                    group.addTask { [self] in
                        await keep(Worker(number: number, listenerCount: listeners.count), on: loop)
                    }
                }
                defer { group.cancelAll() }
                do throws(SocketError) {
                    for try await _ in signals { break }
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            try outcome.get()
        })
    }

    /// Starts a worker anew until the task is cancelled, which ends it.
    private nonisolated(nonsending) func keep(_ worker: Worker, on loop: EventLoop) async {
        var pause = Self.pauses.lowerBound
        while !Task.isCancelled {
            let start = loop.timeNow
            do {
                let end = try await live(worker, on: loop)
                if start.duration(to: loop.timeNow) >= Self.steadyAge { pause = Self.pauses.lowerBound }
                report(.ended(worker, end, restart: Task.isCancelled ? nil : pause))
            } catch {
                if Task.isCancelled { return }
                let failure = error as? SocketError ?? SocketError(.start, .invalid("\(error)"))
                report(.failed(worker, failure, restart: pause))
            }
            try? await loop.sleep(for: pause)
            pause = min(pause * 2, Self.pauses.upperBound)
        }
    }

    /// One life of a worker.
    private nonisolated(nonsending) func live(_ worker: Worker, on loop: EventLoop) async throws -> ProcessEnd {
        // The very file that this process runs, whatever has become of its path.
        var request = Subprocess.Request("/proc/self/exe", arguments)
        request.environment = Self.environment(adding: worker)
        request.output = .inherited
        // Nothing is sent: its end tells the worker that the pool has gone, however that came about.
        request.input = .connection
        request.descriptors = listeners.map { $0.socket.descriptor }
        let (report, grace) = (report, grace)
        return try await loop.world.processes.run(request, on: loop, grace: grace) { process in
            report(.started(worker, process: process.identifier))
            // Asked to end, it tells how it did.
            do { _ = try await process.waitForEnd() } catch { await process.stop(grace: grace) }
        }.end
    }

    private static func environment(adding worker: Worker) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in Environment.all {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        // What was meant for the pool is not for a worker.
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] {
            variables[name] = nil
        }
        variables[Worker.variable] = worker.value
        return variables
    }
}
