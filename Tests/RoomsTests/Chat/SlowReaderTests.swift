// SPDX-License-Identifier: Apache-2.0
import Reactor
import Rooms
import Sockets
import TestSupport
import Testing

/// Those who read slowly, or not at all.
@Suite(.blocking) struct SlowReaderTests {
    // P12
    @Test(arguments: Ground.allCases)
    func `one who does not read is dropped, and nobody else waits`(ground: Ground) async throws {
        let lines = repetitions(6_000, soak: 130_000)
        try await Party.with(on: ground) { party in
            let (slow, ann, bob) = (
                try await party.guest("slow"), try await party.guest("ann"), try await party.guest("bob")
            )
            // 1 KiB a line: 6 MiB, or 127 as promised.
            let text = String(repeating: "x", count: 1000)
            let telling = start {
                for number in 0..<lines { try await ann.say("\(number) \(text)") }
            }
            var longest = Duration.zero
            var before = party.loop.timeNow
            for number in 0..<lines {
                let line = try await bob.hears("<ann> ")
                #expect(line.hasPrefix("<ann> \(number) "))
                let now = party.loop.timeNow
                longest = max(longest, before.duration(to: now))
                before = now
            }
            try await telling.value
            #expect(longest < .seconds(2), "somebody waited for \(longest)")
            try await ann.say("/who")
            let present = try await ann.hears("* in lobby")
            #expect(present == "* in lobby: ann, bob", "the slow one is gone")
            slow.leave()
        }
    }

    // P12: of a server in a process of its own, because memory is a process's.
    @Test func `what waits for slow readers is there once for all of them`() async throws {
        try await places.take {
            let directory = try TemporaryDirectory()
            let endpoint = "unix:\(directory.file("s"))"
            let server = try ForeignProgram(BuiltProgram.path("nt"), ["listen", endpoint, "chat", "-m", "250"])
            try server.errorLine(containing: "listening ")
            let slow = try (0..<200).map { _ in try Self.enter(endpoint) }
            let talker = try Self.enter(endpoint)
            let before = try server.use.memory
            // Less than the limit of 1 MiB, and much more than a UNIX socket holds, which is the system's.
            let text = String(repeating: "x", count: 16_000)
            for _ in 0..<Self.lines { try talker.write("\(text)\n") }
            try talker.write("/who\n")
            try talker.flush()
            while try talker.readLine(as: .utf8)?.hasPrefix("* in lobby") == false {}
            let grown = try server.use.memory - before
            // 750 KB wait for each of two hundred: 150 MB if each had its own.
            #expect(Sanitizer.isOn || grown < 24 << 20, "\(grown >> 10) KiB more")
            for guest in slow {
                for _ in 0..<Self.lines {
                    var line = try guest.readLine(as: .utf8)
                    while line?.hasPrefix("* ") == true { line = try guest.readLine(as: .utf8) }
                    #expect(line?.hasSuffix(text) == true, "nothing of it is lost")
                }
            }
        }
    }

    /// Somebody comes, who reads no further than that.
    private static func enter(_ endpoint: String) throws -> SocketFile {
        var socket = try Socket.connecting(to: endpoint)
        try socket.setTimeLimit(.seconds(20))
        let guest = SocketFile(socket)
        while try guest.readLine(as: .utf8)?.hasPrefix("* you are in lobby") == false {}
        return guest
    }

    private static let lines = 60

    @Test(arguments: Ground.allCases)
    func `one who reads late gets every line in its order`(ground: Ground) async throws {
        try await Party.with(on: ground) { party in
            let (late, ann) = (try await party.guest("late"), try await party.guest("ann"))
            // More than the sockets hold, less than the limit.
            let text = String(repeating: "y", count: 500)
            for number in 0..<1500 { try await ann.say("\(number) \(text)") }
            for number in 0..<1500 { #expect(try await late.hears("<ann> ") == "<ann> \(number) \(text)") }
            late.leave()
        }
    }
}
