// SPDX-License-Identifier: Apache-2.0
import Foundation
import SocketServer
import Sockets
import TestSupport
import Testing

/// Every server by every policy in both styles, with our own clients.
@Suite(.blocking) struct MatrixTests {
    // B-SRV-04, B-SRV-07, B-SRV-08
    @Test(arguments: Combination.streams)
    func `clients are served, one after the other and at the same time`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination, ["maximum=8"])
            let first = try server.talk()
            #expect(try first.ask("hello") == "HELLO")
            if combination.policy == .sequential { try first.finishWriting() }
            let second = try server.talk()
            #expect(try second.ask("you there") == "YOU THERE")
            if combination.policy != .sequential {
                #expect(try first.ask("still here") == "STILL HERE")
                let pids = [try first.ask("pid"), try second.ask("pid")]
                let own = "\(server.program.processIdentifier)"
                if combination.policy == .processes {
                    #expect(pids[0] != pids[1] && pids[0] != own && pids[1] != own)
                } else {
                    #expect(pids == [own, own])
                }
                try first.finishWriting()
                #expect(try first.readLine() == nil)
            }
            try second.finishWriting()
            #expect(try second.readLine() == nil)
            #expect(try server.end().hasSuffix("children 0"))
        }
    }

    // B-SRV-10: one answer, sent when the handler has finished.
    @Test(arguments: Combination.datagrams)
    func `datagrams are answered`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination)
            let first = try server.datagramClient()
            let second = try server.datagramClient()
            #expect(try first.ask("hello") == "HELLO")
            #expect(try second.ask("") == "")
            let pid = try second.ask("pid")
            #expect((pid == "\(server.program.processIdentifier)") == (combination.policy != .processes))
            #expect(try first.ask("bye") == "BYE")
            #expect(try server.end().hasSuffix("children 0"))
        }
    }

    // what a process changes is gone with it; the others share it.
    @Test(arguments: PolicyKind.allCases)
    func `handlers share memory unless they are processes`(_ policy: PolicyKind) async throws {
        try await places.take {
            let server = try ServedProgram(.udp, policy, .blocking, ["maximum=4"])
            let client = try server.datagramClient()
            let answers = try (0..<3).map { _ in try client.ask("count") }
            #expect(answers == (policy == .processes ? ["1", "1", "1"] : ["1", "2", "3"]))
        }
    }

    // What throws ends its own request, and the server goes on.
    @Test(arguments: Combination.streams)
    func `a handler that throws harms nobody else`(_ combination: Combination) async throws {
        try await places.take {
            let server = try ServedProgram(combination)
            let unlucky = try server.talk()
            #expect(try unlucky.ask("throw") == nil)
            try server.program.line(containing: "failed: Asked()")
            let next = try server.talk()
            #expect(try next.ask("next") == "NEXT")
        }
    }
}
