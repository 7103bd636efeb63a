// SPDX-License-Identifier: Apache-2.0
import Foundation
import SocketServer
import Sockets
import TestSupport
import Testing

/// Workers that share a listener: what a server with threads does in place of forking. B-SRV-06
@Suite(.blocking) struct WorkerTests {
    @Test func `workers serve one port between them, and one that crashes is replaced`() async throws {
        try await places.take {
            let server = try ServedProgram(.tcp, .threads, .blocking, ["workers=2", "thread=1"])
            let clients = try (0..<2).map { _ in try server.talk() }
            let processes = try clients.map { try #require(try $0.ask("pid")) }
            for process in processes { #expect(process != "\(server.program.processIdentifier)") }
            // Older than a second, or its place stays empty for as long.
            #expect(try clients[0].ask("kill") == nil)
            try server.program.line(containing: "ended(\(processes[0])")
            #expect(try server.talk().ask("next") == "NEXT")
            try server.program.line(containing: "started(")
            #expect(try server.end().hasSuffix("children 0"))
        }
    }

    @Test func `a worker that can't be started is told of, and none is left`() throws {
        let listener = SharedSocket(try Socket.listening(on: "127.0.0.4:0"))
        let workers = ServerWorkers(2, of: "/nowhere/at/all", sharing: listener)
        let pair = try SocketPair()
        #expect { try workers.run(until: pair.first) } throws: { "\($0)".contains("/nowhere/at/all") }
        #expect(workers.identifiers == [])
    }

    @Test func `workers that ignore the polite request are killed`() throws {
        let listener = SharedSocket(try Socket.listening(on: "127.0.0.4:0"))
        let directory = try TemporaryDirectory()
        let events = Record()
        let pair = try SocketPair()
        let thread = BlockingThread {
            // A file tells that a worker is deaf: asked to end before that, it would.
            let deaf = "trap '' TERM; : > \"$0/$$\"; while :; do sleep 1; done"
            let workers = ServerWorkers(2, of: "sh", ["-c", deaf, directory.path], sharing: listener) { event in
                events.note("\(event)")
            }
            workers.closeLimit = .milliseconds(100)
            try workers.run(until: pair.first)
            return workers.identifiers
        }
        try wait { try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2 }
        try pair.second.sendAll("end".utf8)
        #expect(try thread.join() == [])
        let told = events.all.map { $0.prefix { $0 != "(" } }
        #expect(told == ["started", "started", "ended", "ended"], "\(events.all)")
        #expect(events.all.suffix(2).allSatisfy { $0.contains("SIGKILL") }, "\(events.all)")
    }
}
