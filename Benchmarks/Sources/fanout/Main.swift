// SPDX-License-Identifier: Apache-2.0
import CPeers
import Glibc
import Measuring
import Reactor
import Rooms

/// Chat: one line to a thousand members, CPU of the server per delivery, beside a C program with one epoll. Servers and
/// load are on one core, in turns.
///
///     fanout [MEMBERS [LINES [ROUNDS]]]
@main
struct Main {
    /// Ours may cost so much of C's.
    static let limit = 1.15
    static let lineSize: CInt = 64

    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        let numbers = words.compactMap { Int($0) }
        switch words.first {
        case "serve": try await serve(numbers.first ?? 0)
        case "serve-c":
            let listener = peer_echo_listen(UInt16(numbers.first ?? 0))
            exit(listener < 0 ? -listener : peer_fanout_serve(listener))
        default:
            func number(_ index: Int, _ standard: Int) -> Int { numbers.count > index ? numbers[index] : standard }
            try measure(members: number(0, 1000), lines: number(1, 300), rounds: number(2, 5))
        }
    }

    /// Ours, as a user writes it.
    private static func serve(_ port: Int) async throws {
        let thread = try LoopThread()
        let chat = try ChatServer(on: thread.loop)
        try await chat.run {
            let server = try await Server(on: "127.0.0.1:\(port)", loop: chat.loop) { try await chat.serve($0) }
            try await server.run()
        }
        withExtendedLifetime(thread) {}
    }

    private static func measure(members: Int, lines: Int, rounds: Int) throws {
        peer_raise_descriptor_limit()
        guard peer_stay_on_core(0) == 0 else { throw Failure("there is no core 0") }
        let turns = try Turns(
            rounds, theirs: { try cost("serve-c", members, lines) }, ours: { try cost("serve", members, lines) })
        print("\(members) members: \(turns.told(atMost: limit, "us a delivery", beside: "C"))")
    }

    /// Microseconds of the server's CPU per delivery.
    private static func cost(_ kind: String, _ members: Int, _ lines: Int) throws -> Double {
        var port: UInt16 = 0
        guard peer_free_port(&port) == 0 else { throw Failure("no port is free") }
        let server = try StartedProcess(["/proc/self/exe", kind, "\(port)"])
        var result = peer_fanout_result()
        let error = peer_fanout_run(port, server.number, CInt(members), CInt(lines), lineSize, &result)
        guard error == 0 else { throw Failure(kind, error) }
        return result.cpu_nanoseconds / 1000 / Double(result.deliveries)
    }
}
