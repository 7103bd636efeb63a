// SPDX-License-Identifier: Apache-2.0
public import Sockets
import SystemPackage

extension Server {
    /// Runs as a service does: tells its manager when it is ready, while it lives and when it stops, and is drained by
    /// `SIGTERM`. Returns when it is over, as ``run()``.
    ///
    /// ```swift
    /// let server = try await Server(on: "systemd:web") { connection in try await connection.echo() }
    /// try await server.runAsService()
    /// ```
    /// From this call on `SIGTERM` belongs to it: ``EventLoop/signals(_:)`` says what that means. A
    /// worker (``WorkerPool``) is drained too when its pool has gone: that has its standard input.
    ///
    /// - Parameters:
    ///   - limit: how long clients may go on after `SIGTERM`.
    ///   - manager: whom to tell; nobody for nil. A manager that can't be told is no reason to stop.
    /// - Throws: as ``run()``; as ``EventLoop/signals(_:)``.
    public func runAsService(
        drainingWithin limit: Duration = .seconds(25), notifying manager: ServiceNotifier? = .ofThisProcess
    ) async throws(SocketError) {
        let loop = try EventLoop.forCaller(nil, .accept)
        let signals = try await loop.signals([.terminate])
        let places = addresses.map { "\($0)" }.joined(separator: " ")
        let outcome = await withTaskGroup(of: Void.self) { group -> Result<Void, SocketError> in
            group.addTask(executorPreference: loop) { [self] in
                // It ends with the server, by being cancelled.
                guard await Self.isAskedToEnd(by: signals) else { return }
                drain(within: limit)
                try? await manager?.tell(.stopping, on: loop)
            }
            group.addTask(executorPreference: loop) { [self] in
                if await Self.hasLostItsPool(on: loop) { drain(within: limit) }
            }
            group.addTask(executorPreference: loop) {
                try? await manager?.tell(.ready, .status("serving \(places)"), on: loop)
                try? await manager?.keepWatchdogContent(on: loop)
            }
            defer { group.cancelAll() }
            do throws(SocketError) { return .success(try await run()) } catch { return .failure(error) }
        }
        try outcome.get()
    }

    private static func isAskedToEnd(by signals: Signals) async -> Bool {
        do throws(SocketError) { for try await _ in signals { return true } } catch {}
        return false
    }

    /// Whether this process is a worker whose pool is no more: the other end of its standard input has gone.
    private static func hasLostItsPool(on loop: EventLoop) async -> Bool {
        guard Worker.current != nil else { return false }
        do throws(SocketError) {
            let input = try await Connection.over(reading: FileDescriptor(rawValue: 0), writing: nil, on: loop)
            defer { input.close() }
            while try await input.receive() != nil {}
            return true
        } catch {
            return false
        }
    }
}
