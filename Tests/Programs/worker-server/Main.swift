// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import SystemPackage

/// A server of several processes, for tests: `worker-server COUNT`. What the pool tells is a line each. A worker
/// answers `who` with its number and its process, and dies of `die`.
@main struct WorkerServer {
    static func main() async throws {
        if let worker = Worker.current { return try await serve(as: worker) }
        let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 2
        let pool = try WorkerPool(on: "127.0.0.2:0", count: count, grace: .seconds(60)) { event in
            switch event {
            case .started(let worker, let process): say("started \(worker.number) \(process)")
            case .ended(let worker, let end, _): say("ended \(worker.number) \(end)")
            case .failed(let worker, let error, _): say("failed \(worker.number) \(error)")
            }
        }
        say("listening \(pool.addresses[0])")
        try await pool.run()
        say("over")
    }

    private static func serve(as worker: Worker) async throws {
        let server = try await Server(on: worker.endpoints[0]) { connection in
            connection.endsWhenDrained = true
            for try await line in connection.lines {
                if line == "die" { preconditionFailure("asked to") }
                try await connection.send("\(worker.number) \(SystemCalls.processIdentifier)\n")
            }
        }
        try await server.runAsService(notifying: nil)
    }

    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = try? FileDescriptor.standardOutput.writeAll(line)
    }
}
