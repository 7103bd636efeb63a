// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// P13: bounded lines. Both delimiters, the limit and every cut are in `ConnectionLinesTests`, the framer's linear time
/// in `LinearTimeTests`.
@Suite(.blocking) struct BoundedLineTests {
    // P13: cut, memory +<1 MiB
    @Test func `P13: lines without an end are cut, and cost less than 1 MiB`() throws {
        let server = try LoadedServer("lines")
        let longest = String(repeating: "x", count: 16_384)
        let client = try server.client()
        #expect(try client.exchange(longest))
        try server.endure("flood", 1)
        let before = try server.program.use.memory
        try server.endure("flood", repetitions(50, soak: 2000))
        let cost = try server.program.use.memory - before
        print("P13: floods without an end cost \(cost >> 10) KiB")
        #expect(Sanitizer.isOn || cost < 1 << 20)
        #expect(try client.exchange(longest))
    }

    // P13: linear time: the longest line byte by byte takes the processor no longer than as many bytes in short lines,
    // with room for noise; a search that began anew at each byte would take a hundred times as long
    @Test func `P13: a long line that comes byte by byte takes no longer than short ones`() throws {
        let server = try LoadedServer("lines")
        let client = try server.client()
        try client.socket.set(.noDelay, to: true)
        func time(ofLinesOf length: Int) throws -> Double {
            let before = try server.program.use.processorTime
            for _ in 0..<16_384 / length {
                for _ in 0..<length { try client.socket.sendAll([0x78]) }
                try client.socket.sendAll([0x0A])
                var count = 0
                while count <= length, let piece = try client.socket.receive(upTo: 20_000) { count += piece.count }
                #expect(count == length + 1)
            }
            return try server.program.use.processorTime - before
        }
        let (short, long) = (try time(ofLinesOf: 64), try time(ofLinesOf: 16_384))
        print("P13: 16 KiB byte by byte take \(short) s in short lines, \(long) s in one")
        #expect(long < 3 * short + 0.5)
    }
}
