// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

/// P10: survives descriptor exhaustion, in a process that really has no descriptor left.
@Suite(.blocking) struct DescriptorExhaustionTests {
    /// The share of a processor that a program takes while `seconds` go by.
    private func load(of program: ForeignProgram, over seconds: Double) throws -> Double {
        let before = try program.use.processorTime
        let start = ContinuousClock.now
        // Processor time is a number over a period, and this is the period.
        Thread.sleep(forTimeInterval: seconds)
        return (try program.use.processorTime - before) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// How long a new client waits for its answer; those whom the server sheds come again.
    private func timeUntilServed(at address: SocketAddress) throws -> Duration {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(20) {
            if let client = try? Socket.connecting(to: address, within: .seconds(20)) {
                let shared = SharedSocket(client)
                if (try? shared.exchange("there")) == true { break }
            }
        }
        return ContinuousClock.now - start
    }

    // P10: alive at < 0.1 core, at most 20 reports, serving again < 1 s after descriptors return
    @Test func `P10: without descriptors the server rests, says so once, and serves again when they are back`() throws {
        let server = try LoadedServer("echo", descriptors: 64)
        let early = try server.client()
        #expect(try early.exchange("early"))
        let before = try server.program.use.descriptors
        var fastest = Duration.seconds(60)
        // On a busy machine one try may be unlucky.
        for round in 1...3 where round == 1 || fastest >= .seconds(1) {
            try server.command("fill")
            let paused = try #require(try server.counts()["paused"])
            let waiting = try (0..<20).map { _ in try server.client() }
            try server.wait("the pause") { try server.counts()["paused"] == paused + 1 }
            let load = try load(of: server.program, over: 2)
            print("P10: without descriptors: \(load) of a processor")
            #expect(load < 0.1)
            #expect(try early.exchange("in between"))
            #expect(try server.counts()["paused"] == paused + 1)
            #expect(try server.counts()["resumed"] == paused)
            try server.command("free")
            let time = try timeUntilServed(at: server.address)
            print("P10: serving again after \(time)")
            fastest = min(fastest, time)
            // Who was not told to go is served now.
            let served = waiting.count { (try? $0.exchange("late")) == true }
            #expect(served >= 10)
            try server.wait("the end of the shortage") { try server.counts()["resumed"] == paused + 1 }
        }
        #expect(fastest < .seconds(1))
        #expect(try early.exchange("still here"))
        try server.wait("their end") { try server.counts()["open"] == 1 }
        #expect(try server.program.use.descriptors == before)
        let counts = try server.counts()
        #expect((counts["paused"] ?? 0) + (counts["resumed"] ?? 0) + (counts["failed"] ?? 0) <= 20, "\(counts)")
    }

    // P10: at the limit each client that goes makes room for the next one, which is no news
    @Test func `P10: a crowd that comes and goes at the limit is served, and reported once`() throws {
        let server = try LoadedServer("echo", descriptors: 32)
        let early = try server.client()
        #expect(try early.exchange("early"))
        var guests = try (0..<40).map { _ in try server.client() }
        try server.wait("the pause") { try server.counts()["paused"] == 1 }
        let served = try #require(try server.counts()["served"])
        for number in 0..<repetitions(200, soak: 5000) {
            guests.removeFirst()
            guests.append(try server.client())
            if number % 50 == 0 { #expect(try early.exchange("\(number)")) }
        }
        try server.wait("some of them") { try server.counts()["served"] ?? 0 > served + 20 }
        guests = []
        try server.wait("their end") { try server.counts()["open"] == 1 }
        #expect(try server.counts()["paused"] == 1)
        #expect(try early.exchange("late"))
        try server.wait("the end of the shortage") { try server.counts()["resumed"] == 1 }
    }

    // P10: what is left when clients have all that they get is enough to live: a file can be opened, and the runtime,
    // which opens some when work waits for its threads, does not end the process
    @Test(arguments: ["face=tasks", "face=protocols"])
    func `P10: clients alone do not take the last descriptors`(face: String) throws {
        let server = try LoadedServer("echo", [face], descriptors: 64)
        let guests = try (0..<100).map { _ in try server.client() }
        try server.wait("as many as there may be") { try server.program.use.descriptors >= 50 }
        let start = ContinuousClock.now
        // Each of these is work for the pool.
        while ContinuousClock.now - start < .seconds(3) {
            _ = try server.counts()
            #expect(try server.program.use.descriptors < 64)
        }
        #expect(guests.contains { (try? $0.exchange("word")) == true })
    }

    // P10: descriptors are the process's, and so is the news that there are none
    @Test func `P10: of many listeners on all loops one shortage is told, once`() throws {
        let server = try LoadedServer("echo", ["loops=all", "on=127.0.0.2:0"], descriptors: 48)
        let before = try server.descriptorsAtRest()
        var guests = try (0..<80).map { _ in try server.client() }
        try server.wait("the pause") { try server.counts()["paused"] == 1 }
        let load = try load(of: server.program, over: 1.5)
        print("P10: two listeners without descriptors: \(load) of a processor")
        #expect(load < 0.1)
        #expect(try server.counts()["paused"] == 1)
        #expect(guests.count == 80)
        guests = []
        #expect(try timeUntilServed(at: server.address) < .seconds(5))
        try server.wait("the end of the shortage") { try server.counts()["resumed"] == 1 }
        try server.wait("their end") { try server.program.use.descriptors <= before }
        #expect(try server.counts()["paused"] == 1)
    }

    // P10, of the other face: it tells nobody
    @Test func `P10: without descriptors a port of protocols rests, and serves again when they are back`() throws {
        let server = try LoadedServer("echo", ["face=protocols"], descriptors: 64)
        let early = try server.client()
        #expect(try early.exchange("early"))
        let before = try server.descriptorsAtRest()
        try server.command("fill")
        let waiting = try (0..<20).map { _ in try server.client() }
        let load = try load(of: server.program, over: 2)
        print("P10: a port of protocols without descriptors: \(load) of a processor")
        #expect(load < 0.1)
        #expect(try early.exchange("in between"))
        try server.command("free")
        let time = try timeUntilServed(at: server.address)
        print("P10: serving again after \(time)")
        #expect(time < .seconds(5))
        // Who was not told to go is served now.
        #expect(waiting.count { (try? $0.exchange("late")) == true } >= 10)
        #expect(try early.exchange("still here"))
        for client in waiting { try? client.socket.shutdown(.both) }
        try server.wait("their end") { try server.counts()["open"] == 1 }
        try server.wait("their descriptors") { try server.program.use.descriptors <= before }
    }

    // P10, of the tool: at most 20 log lines besides the clients' own
    @Test func `P10: nt listen rests without descriptors, in a few lines, and serves again when clients go`() throws {
        // With descriptors that somebody has left it, so that its own bound of the clients comes too late.
        let inherited = """
            for ((n = 3; n < 256; n++)); do eval "exec $n>&-"; done
            for ((n = 3; n < 15; n++)); do eval "exec $n</dev/null"; done
            ulimit -n 32
            exec "$0" listen 127.0.0.2:0 echo
            """
        let server = try ForeignProgram("bash", ["-c", inherited, BuiltProgram.path("nt")])
        let words = try server.errorLine(containing: "listening ").split(separator: " ")
        let address = try SocketAddress(String(words[2]))
        var guests = try (0..<40).map { _ in SharedSocket(try Socket.connecting(to: address, within: .seconds(20))) }
        try server.errorLine(containing: "nt: accepting pauses: ")
        #expect(try guests[0].exchange("early"))
        let load = try load(of: server, over: 1.5)
        print("P10: nt listen without descriptors: \(load) of a processor")
        #expect(load < 0.1)
        guests = []
        let time = try timeUntilServed(at: address)
        print("P10: nt listen serves again after \(time)")
        #expect(time < .seconds(2))
        try server.errorLine(containing: "nt: accepting again")
        server.send(signal: SIGTERM)
        #expect(try server.exit() == .status(0))
        let news = server.errors.split(separator: "\n").filter { !$0.hasPrefix("+ ") && !$0.hasPrefix("- ") }
        #expect(news.count <= 20, "\(news)")
    }
}
