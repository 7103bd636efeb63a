// SPDX-License-Identifier: Apache-2.0
import Glibc
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

    // P12
    @Test func `what waits for slow readers is there once for all of them`() async throws {
        try await withLoop(of: .real) { loop in
            var settings = ChatServer.Settings()
            settings.limits.queue = 8 << 20
            try await Party.with(settings, on: loop) { party in
                let talker = try await party.guest("talker")
                var slow: [Guest] = []
                for _ in 0..<50 { slow.append(try await party.guest()) }
                let before = try ProcessUse(ofProcess: getpid()).memory
                // What the sockets hold is the system's: this is far more for each of the fifty.
                let text = String(repeating: "x", count: 16_000)
                for _ in 0..<500 { try await talker.say(text) }
                try await talker.say("/who")
                try await talker.hears("* in lobby")
                let grown = try ProcessUse(ofProcess: getpid()).memory - before
                // 8 MB are kept for each of fifty: 400 MB if each had its own.
                #expect(grown < 96 << 20, "\(grown >> 20) MiB more")
                for guest in slow { guest.leave() }
            }
        }
    }

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
