// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reactor
import SocketServer
import Sockets
import TestSupport
import Testing

/// Too many of everything.
@Suite(.blocking) struct StressTests {
    // B-SRV-05: bounded, and no thread is leaked.
    @Test(arguments: [PolicyKind.threads, .tasks])
    func `no more handlers than may be; the next client waits`(_ policy: PolicyKind) async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, policy, policy == .tasks ? .async : .blocking, ["maximum=3"])
            let clients = try (0..<3).map { _ in try server.talk() }
            for client in clients { #expect(try client.ask("x") == "X") }
            let next = try server.talk()
            try next.write("active\n")
            try next.flush()
            #expect(try clients[0].ask("active") == "3")
            try clients[1].finishWriting()
            #expect(try next.readLine(as: .utf8) == "3")
        }
    }

    // P9, P21: nothing is lost and nothing is left, whatever the policy.
    @Test(arguments: Combination.streams.filter { $0.policy != .processes && $0.transport == .tcp })
    func `clients that come, reset and go leave nothing behind`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination)
            try storm(server, 5)
            let before = try held(by: server)
            try storm(server, repetitions(100, soak: 5000))
            // A thread that has answered for the last time is there for a moment more.
            try wait {
                let now = try held(by: server)
                return now.descriptors <= before.descriptors && now.threads <= before.threads
            }
            #expect(try server.end().hasSuffix("children 0"))
        }
    }

    private func storm(_ server: ServedProgram, _ count: Int) throws {
        for number in 0..<count {
            let client = try server.client()
            if number % 2 == 0 { try client.sendAll("x\n".utf8) }
            if number % 3 == 0 { try client.set(.linger, to: Linger.reset) }
            try client.close()
            try server.program.readOn()
        }
    }

    /// Descriptors and threads, when the server has dealt with everybody who came before.
    private func held(by server: ServedProgram) throws -> (descriptors: Int, threads: Int) {
        let client = try server.talk()
        #expect(try client.ask("x") == "X")
        try wait { try client.ask("active") == "1" }
        let threads = try FileManager.default.contentsOfDirectory(
            atPath: "/proc/\(server.program.processIdentifier)/task"
        ).count
        // A pool keeps its threads for a while.
        let isPool = server.program.command[2] == "tasks"
        return (try server.program.use.descriptors, isPool ? 0 : threads)
    }

    // P10: it pauses, says so once, and goes on when descriptors are back.
    @Test(arguments: [PolicyKind.threads, .processes, .tasks])
    func `out of descriptors a server pauses and comes back`(_ policy: PolicyKind) async throws {
        try await places.take {
            let style: Style = policy == .tasks ? .async : .blocking
            let words = ["tcp", policy.rawValue, style.rawValue, "127.0.0.4:0", "maximum=100"]
            let limit = "for n in 3 4 5 6 7 8 9; do eval \"exec $n>&-\"; done; ulimit -n 24; exec \"$0\" \"$@\""
            let program = try ForeignProgram("sh", ["-c", limit, BuiltProgram.path("request-server")] + words)
            let address = try SocketAddress(try program.line(containing: "listening on ").dropFirst(13))
            var clients: [SocketFile] = []
            for _ in 0..<60 {
                var socket = try Socket.connecting(to: address)
                try socket.setTimeLimit(.seconds(20))
                clients.append(SocketFile(socket))
            }
            try program.line(containing: "paused")
            let used = try program.use.processorTime
            let begin = ContinuousClock.now
            clients.removeAll()
            let next = SocketFile(try Socket.connecting(to: address))
            #expect(try next.ask("next") == "NEXT")
            #expect(ContinuousClock.now - begin < .seconds(5))
            #expect(try program.use.processorTime - used < 2)
            #expect(program.output.split(separator: "\n").filter { $0 == "paused" }.count == 1)
        }
    }

    // P12: a client that never reads holds up nobody but its own handler.
    @Test(arguments: [PolicyKind.threads, .processes, .tasks])
    func `a client that never reads costs the others nothing`(_ policy: PolicyKind) async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, policy, policy == .tasks ? .async : .blocking)
            var greedy = try server.client()
            try greedy.setTimeLimit(.milliseconds(200))
            let questions = [UInt8](repeating: 0x61, count: 60) + [0x0A]
            let many = Array(repeatElement(questions, count: 1000).joined())
            // Until nothing goes in any more: its answers are not taken.
            while (try? greedy.sendAll(many)) != nil {}
            let begin = ContinuousClock.now
            #expect(try server.talk().ask("hello") == "HELLO")
            #expect(ContinuousClock.now - begin < .seconds(2))
            #expect(try server.program.use.memory < 96 << 20)
        }
    }

    @Test(arguments: Combination.streams.filter { $0.policy != .sequential && $0.transport == .tcp })
    func `a request that takes too long is ended`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination, ["request-limit=300"])
            let idle = try server.talk()
            #expect(try idle.ask("x") == "X")
            let begin = ContinuousClock.now
            // The end, or a reset.
            _ = try? idle.readLine()
            #expect(ContinuousClock.now - begin < .seconds(10))
            #expect(try server.talk().ask("next") == "NEXT")
        }
    }
}
