// SPDX-License-Identifier: Apache-2.0
import CAllocations
import Glibc
import NetworkSimulator
import Reactor
import Sockets

/// What a simulation costs, beside what it may: `swift run -c release --static-swift-stdlib simulator`, with `hosts`,
/// `seeds` or `messages` for a part of it.
@main struct Main {
    static func main() async throws {
        // First, while all there is has been taken by the main thread: it alone is asked what it holds.
        if isWanted("hosts") { try idleHosts() }
        if isWanted("seeds") { try seeds() }
        if isWanted("messages") {
            try await messages(seed: nil, connections: 1)
            try await messages(seed: 1, connections: 1)
            try await messages(seed: 1, connections: 100)
        }
    }

    private static func isWanted(_ part: String) -> Bool {
        CommandLine.argc < 2 || CommandLine.arguments.contains(part)
    }

    /// CPU seconds of this process.
    private static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func tell(_ what: String, _ seen: Double, _ unit: String, _ limit: String) {
        let rounded = seen < 100 ? (seen * 1000).rounded() / 1000 : seen.rounded()
        print("\(what): \(rounded) \(unit) (\(limit))")
    }

    /// Questions and answers of 32 bytes, each of them a message.
    private static func messages(seed: UInt64?, connections: Int) async throws {
        let rounds = 400_000 / connections
        let network = SimulatedNetwork(seed: seed)
        try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
        let client = try network.host("client")
        let (begin, allocations) = (seconds, allocation_count())
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
        let count = Double(rounds * connections * 2)
        let name = "\(connections) connections, \(seed == nil ? "no seed" : "a seed")"
        tell("\(name)", count / (seconds - begin), "messages per CPU second", "at least 500000")
        tell("\(name)", Double(allocation_count() - allocations) / count, "allocations per message", "no limit")
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
        tell("1000 seeds of two hosts and ten questions", seconds - begin, "CPU seconds", "at most 3")
    }

    private static func idleHosts() throws {
        let network = SimulatedNetwork(seed: 1)
        for number in 0..<10 { try network.host("early \(number)") }
        try network.run(for: .seconds(1))
        let before = heap_bytes()
        for number in 0..<1000 { try network.host("host \(number)") }
        try network.run(for: .seconds(1))
        let bare = heap_bytes()
        tell("1000 hosts that do nothing", Double(bare - before) / 1000, "bytes each", "at most 8192")
        for number in 0..<1000 {
            try network.host("server \(number)") { try await serve(on: .public(7)) { try await $0.echo() } }
        }
        try network.run(for: .seconds(1))
        tell("1000 hosts that serve nobody yet", Double(heap_bytes() - bare) / 1000, "bytes each", "at most 8192")
    }
}
