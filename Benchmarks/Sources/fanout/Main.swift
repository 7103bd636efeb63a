// SPDX-License-Identifier: Apache-2.0
import CPeers
import Glibc
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
        var (ours, theirs, ratios): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<rounds {
            let peer = try cost("serve-c", members, lines)
            let own = try cost("serve", members, lines)
            theirs.append(peer)
            ours.append(own)
            ratios.append(own / peer)
        }
        let ratio = median(ratios)
        print(
            "\(members) members: ratio \(rounded(ratio)) (\(rounded(ratios.min() ?? 0)) to",
            "\(rounded(ratios.max() ?? 0)), at most \(limit)); ours \(rounded(median(ours))) us a delivery,",
            "C \(rounded(median(theirs))) us")
    }

    /// Microseconds of the server's CPU per delivery.
    private static func cost(_ kind: String, _ members: Int, _ lines: Int) throws -> Double {
        var port: UInt16 = 0
        guard peer_free_port(&port) == 0 else { throw Failure("no port is free") }
        let server = try start(kind, port)
        defer {
            kill(server, SIGKILL)
            waitpid(server, nil, 0)
        }
        var result = peer_fanout_result()
        let error = peer_fanout_run(port, server, CInt(members), CInt(lines), lineSize, &result)
        guard error == 0 else { throw Failure("\(kind): \(String(cString: strerror(error)))") }
        return result.cpu_nanoseconds / 1000 / Double(result.deliveries)
    }

    private static func start(_ kind: String, _ port: UInt16) throws -> pid_t {
        let words = ["fanout", kind, "\(port)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var number = pid_t()
        let error = posix_spawn(&number, "/proc/self/exe", nil, nil, &arguments, environ)
        guard error == 0 else { throw Failure("this program can't be started again: \(error)") }
        return number
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

/// Why nothing can be measured.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
