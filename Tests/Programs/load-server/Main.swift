// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import Synchronization
import SystemPackage

/// A server that tests put under load: a process of its own, because what is measured (memory, descriptors, processor
/// time) belongs to a process. `load-server echo|lines|offer`, and then commands on its standard input, each answered
/// by one line:
///
/// - `count`: how many clients there were and are, and how often the server reported what;
/// - `fill`: takes every descriptor that is left, `free`: gives them back.
@main struct LoadServer {
    static func main() async throws {
        let tally = Tally()
        let handler = Load(rawValue: CommandLine.arguments.dropFirst().first ?? "") ?? .echo
        let thread = try LoopThread()
        var limits = Server.Limits()
        limits.connections = 100_000
        let server = try await Server(
            on: "127.0.0.2:0", limits: limits, loop: thread.loop, report: { tally.note($0) },
            handler: { connection in
                tally.served.add(1, ordering: .relaxed)
                try await handler.serve(connection)
            })
        let running = Task.detached { try await server.run() }
        say("listening \(server.addresses[0])")
        var filling: [FileDescriptor] = []
        while let command = readLine() {
            switch command {
            case "count": say("counted \(tally) open \(server.connectionCount)")
            case "fill":
                while let copy = try? FileDescriptor.standardError.duplicate() { filling.append(copy) }
                say("filled \(filling.count)")
            case "free":
                for descriptor in filling { try? descriptor.close() }
                filling = []
                say("freed")
            default: say("what is \(command)")
            }
        }
        server.drain(within: .zero)
        try await running.value
    }

    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = try? FileDescriptor.standardOutput.writeAll(line)
    }
}

/// What the server does for a client.
enum Load: String {
    /// Sends everything back.
    case echo
    /// Sends every line back.
    case lines
    /// Sends 128 MiB.
    case offer

    func serve(_ connection: Connection) async throws {
        switch self {
        case .echo: try await connection.echo()
        case .lines: for try await line in connection.lines { try await connection.send(line + "\n") }
        case .offer:
            let piece = [UInt8](repeating: 0x78, count: 1 << 20)
            for _ in 0..<128 { try await connection.send(piece) }
        }
    }
}

/// What has happened so far.
final class Tally: CustomStringConvertible, Sendable {
    let served = Atomic(0)
    private let paused = Atomic(0)
    private let resumed = Atomic(0)
    private let failed = Atomic(0)

    func note(_ event: Server.Event) {
        switch event {
        case .acceptingPaused: paused.add(1, ordering: .relaxed)
        case .acceptingResumed: resumed.add(1, ordering: .relaxed)
        case .handlerFailed, .refused, .denied: failed.add(1, ordering: .relaxed)
        case .accepted, .ended: break
        }
    }

    var description: String {
        func text(_ name: String, _ number: borrowing Atomic<Int>) -> String {
            "\(name) \(number.load(ordering: .relaxed))"
        }
        return [
            text("served", served), text("paused", paused), text("resumed", resumed), text("failed", failed),
        ].joined(separator: " ")
    }
}
