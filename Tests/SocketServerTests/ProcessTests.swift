// SPDX-License-Identifier: Apache-2.0
import Foundation
import SocketServer
import Sockets
import TestSupport
import Testing

/// A process for each request: P21.
@Suite(.blocking) struct ProcessTests {
    // P21, A-136, B-SRV-06
    @Test(arguments: [TransportKind.tcp, .udp])
    func `children are reaped, and no descriptor is left`(_ transport: TransportKind) async throws {
        try await places.take {
            let server = try ServedProgram(transport, .processes)
            try request(server)
            try wait { try server.program.use.descriptors > 0 && server.program.use.children.count == 0 }
            let before = try server.program.use.descriptors
            for _ in 0..<repetitions(200, soak: 10_000) { try request(server) }
            try wait { try server.program.use.children.count == 0 }
            #expect(try server.program.use.descriptors == before)
            #expect(try server.end().hasSuffix("children 0"))
        }
    }

    private func request(_ server: ServedProgram) throws {
        if server.address.unix == nil, server.program.command[1] == "udp" {
            #expect(try server.datagramClient().ask("hello") == "HELLO")
        } else {
            let client = try server.talk()
            #expect(try client.ask("hello") == "HELLO")
        }
    }

    // P21
    @Test(arguments: ["crash", "kill"])
    func `a crash harms no other client, and is told`(way: String) async throws {
        try await places.take {
            // The runtime's own account of a crash does not get on with the address sanitizer.
            let server = try ServedProgram(.tcp, .processes, environment: ["SWIFT_BACKTRACE": "enable=no"])
            let other = try server.talk()
            #expect(try other.ask("one") == "ONE")
            let unlucky = try server.talk()
            #expect(try unlucky.ask(way) == nil)
            let line = try server.program.line(containing: "failed: the process of the request")
            #expect(line.contains(way == "kill" ? "ended by SIGKILL" : "ended by "), "\(line)")
            #expect(try other.ask("two") == "TWO")
            #expect(try server.talk().ask("three") == "THREE")
        }
    }

    // P21: killed with its group at the limit.
    @Test func `a handler that never returns is killed at the limit, with what it started`() async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, .processes, .blocking, ["request-limit=700"])
            let client = try server.talk()
            let sleeper = try #require(Int32(try client.ask("spawn") ?? ""))
            #expect(kill(sleeper, 0) == 0)
            #expect(try client.ask("hang") == nil)
            try server.program.line(containing: "was killed: its time was up")
            // Its parent is gone: whoever adopted it reaps it, or it is a zombie there.
            try wait { isGone(sleeper) }
            #expect(try server.talk().ask("next") == "NEXT")
        }
    }

    private func isGone(_ process: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
        return status.split(separator: ")").last?.hasPrefix(" Z") ?? true
    }

    // P21: bounded.
    @Test func `no more children than may be; the next client waits`() async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, .processes, .blocking, ["maximum=2"])
            let first = try server.talk()
            let second = try server.talk()
            #expect(try first.ask("one") == "ONE")
            #expect(try second.ask("two") == "TWO")
            let third = try server.talk()
            try third.write("three\n")
            try third.flush()
            #expect(try server.program.use.children.count == 2)
            try first.finishWriting()
            #expect(try third.readLine(as: .utf8) == "THREE")
            #expect(try server.program.use.children.count <= 2)
        }
    }

    // P21: only the connection and the standard streams are of use to a child; the listener is not held by it.
    @Test func `the port is free again while a child goes on`() async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, .processes)
            let client = try server.talk()
            #expect(try client.ask("hello") == "HELLO")
            server.program.send(signal: SIGKILL)
            try server.program.exit()
            let again = try Socket.listening(on: server.address)
            try again.close()
        }
    }

    @Test func `a process with threads is not forked, and the error says why`() async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, .processes, .blocking, ["thread=1"])
            #expect(try server.program.exit() != .status(0))
            // The thread sanitizer has one of its own.
            let count = Sanitizer.isOfThreads ? 3 : 2
            #expect(server.program.errors.contains("a process with \(count) threads can't be forked"))
        }
    }

    // P22: a handler that never returns does not keep the server from ending.
    @Test(arguments: Combination.streams.filter { $0.policy == .processes })
    func `at the end children are waited for, then killed`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination, ["close-limit=300"])
            let hanging = try server.talk()
            #expect(try hanging.ask("here") == "HERE")
            try hanging.write("hang\n")
            try hanging.flush()
            let begin = ContinuousClock.now
            #expect(try server.end().hasSuffix("children 0"))
            #expect(ContinuousClock.now - begin < .seconds(5))
        }
    }

    // B-SRV-01: shutdown from a handler in another process.
    @Test func `a child can shut the server down`() async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, .processes)
            #expect(try server.talk().ask("shutdown") == "false")
            try server.program.line(containing: "served; ")
            #expect(try server.program.exit() == .status(0))
        }
    }

    // Python: handle_request with ForkingMixIn; close() waits.
    @Test func `requests that are handled one call at a time are waited for at the end`() async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, .processes, .blocking, ["requests=3"])
            let clients = try (0..<3).map { _ in try server.talk() }
            for client in clients {
                #expect(try client.ask("hello") == "HELLO")
                try client.finishWriting()
            }
            try server.program.line(containing: "closed")
            #expect(try server.program.exit() == .status(0))
        }
    }
}
