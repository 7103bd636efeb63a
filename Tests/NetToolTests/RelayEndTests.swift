// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// What `nt relay` tells of what happens, and how it ends.
@Suite(.blocking) struct RelayEndTests {
    @Test func `events come one a line, and the end is the last one`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "greet", "hello")
        let relay = try ForeignProgram.relay(try server.address(), "--json")
        let listening = try #require(try Events.parse(try relay.line() + "\n").first)
        let client = try SocketFile.connected(to: try #require(listening["address"] as? String))
        #expect(try client.hear() == "hello")
        try client.finishWriting()
        try relay.line(containing: "disconnected")
        #expect(try relay.terminate() == .status(0))
        let events = try Events.parse(relay.output)
        #expect(
            events.compactMap { $0["event"] as? String } == ["listening", "connected", "joined", "disconnected", "end"])
        #expect(events[2]["target"] as? String == (try server.address()))
        #expect(events[3]["bytes_out"] as? Int == 7 && events[3]["reason"] is NSNull)
        #expect(events[4]["status"] as? Int == 0)
        #expect(relay.errors.isEmpty)
    }

    // P22
    @Test func `with 20 clients SIGTERM is the end within its limit, and the address is free at once`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let relay = try ForeignProgram.relay(try server.address(), "--drain", "1s")
        let address = try relay.address()
        let clients = try (0..<20).map { _ in
            let client = try SocketFile.connected(to: address)
            try client.say("x\n")
            #expect(try client.hear() == "x")
            return client
        }
        let begin = ContinuousClock.now
        relay.send(signal: SIGTERM)
        try relay.errorLine(containing: "clients may go on for 1s: 20; ctrl-C leaves at once")
        let late = try #require(throws: SocketError.self) { _ = try SocketFile.connected(to: address) }
        #expect(late.isConnectionRefused)
        // What is under way goes on.
        try clients[0].say("y\n")
        #expect(try clients[0].hear() == "y")
        try clients[0].finishWriting()
        #expect(try clients[0].hear() == nil)
        #expect(try relay.exit() == .status(0))
        #expect(begin.duration(to: .now) < .seconds(5))
        #expect(relay.errors.contains("(still there when the time was up)"))
        let next = try ForeignProgram.nt("relay", address, try server.address())
        #expect(try next.address() == address)
    }

    @Test func `ctrl-C is 130, and a second one leaves at once`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "echo")
        let relay = try ForeignProgram.relay(try server.address(), "--drain", "1h")
        let client = try SocketFile.connected(to: try relay.address())
        try client.say("x\n")
        #expect(try client.hear() == "x")
        relay.send(signal: SIGINT)
        try relay.errorLine(containing: "ctrl-C leaves at once")
        relay.send(signal: SIGINT)
        #expect(try relay.exit() == .status(130))
    }
}
