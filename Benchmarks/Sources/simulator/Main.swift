// SPDX-License-Identifier: Apache-2.0
import Glibc
import NetworkSimulator
import Reactor
import Sockets

/// What a simulation costs: `swift run -c release simulator`.
@main struct Main {
    static func main() async throws {
        try await messages(seed: nil, connections: 1)
        try await messages(seed: 1, connections: 1)
        try await messages(seed: 1, connections: 100)
        try seeds()
        try idleHosts()
    }

    /// CPU seconds of this process.
    private static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Questions and answers of 32 bytes, each of them a message.
    private static func messages(seed: UInt64?, connections: Int) async throws {
        let rounds = 400_000 / connections
        let network = SimulatedNetwork(seed: seed)
        try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
        let client = try network.host("client")
        let begin = seconds
        try await network.run(on: client) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<connections {
                    group.addTask {
                        try await withConnection(to: "server:7") { connection in
                            let question = [UInt8](repeating: 1, count: 32)
                            for _ in 0..<rounds {
                                try await connection.send(question)
                                _ = try await connection.receive(upTo: 32)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let count = Double(rounds * connections * 2) / (seconds - begin)
        print(
            "messages per CPU second, \(connections) connections, seed \(seed.map { "\($0)" } ?? "none"): \(Int(count))"
        )
    }

    private static func seeds() throws {
        let begin = seconds
        try explore(seeds: 0..<1000) { network in
            network.link.jitter = .milliseconds(1)
            try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
            try network.client("client") {
                try await withConnection(to: "server:7") { connection in
                    for _ in 0..<10 {
                        try await connection.send("question")
                        _ = try await connection.receive(upTo: 10)
                    }
                }
            }
            try network.run(for: .seconds(60))
        }
        print("1000 seeds of two hosts and ten questions: \(seconds - begin) CPU seconds")
    }

    private static func idleHosts() throws {
        let network = SimulatedNetwork(seed: 1)
        for number in 0..<10 { try network.host("early \(number)") }
        try network.run(for: .seconds(1))
        let before = mallinfo2()
        for number in 0..<1000 { try network.host("host \(number)") }
        try network.run(for: .seconds(1))
        let bare = mallinfo2()
        print("bytes per idle host: \((bare.uordblks - before.uordblks) / 1000)")
        for number in 0..<1000 {
            try network.host("server \(number)") { try await serve(on: .public(7)) { try await $0.echo() } }
        }
        try network.run(for: .seconds(1))
        print("bytes per host with an idle server: \((mallinfo2().uordblks - bare.uordblks) / 1000)")
    }
}
