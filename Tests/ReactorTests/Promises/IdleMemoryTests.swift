// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// P5: bounded memory per connection.
@Suite(.blocking) struct IdleMemoryTests {
    private func memoryPerClient(_ kind: String, _ count: Int) throws -> Int {
        let server = try LoadedServer("lines")
        // What a process needs once, however many clients it has.
        try server.endure(kind, 100)
        try server.wait("the first ones' end") { try server.counts()["open"] == 0 }
        let before = try server.program.use.memory
        let crowd = try server.crowd(kind, count)
        try crowd.line(containing: "done")
        try server.wait("everybody") { try server.counts()["open"] == count }
        let cost = (try server.program.use.memory - before) / count
        print("P5: \(count) \(kind) connections cost \(cost) bytes each")
        return cost
    }

    // P5: idle connection <= 16 KiB
    @Test func `P5: an idle connection costs at most 16 KiB`() throws {
        let cost = try memoryPerClient("idle", repetitions(2000, soak: 10_000))
        #expect(Sanitizer.isOn || cost <= 16 << 10)
    }

    // P5: a client that stops in the middle of a line: what it has sent, and what an idle one costs, with half as much
    // again for the buffer's growth
    @Test func `P5: a connection with an unfinished line costs what the line needs`() throws {
        let cost = try memoryPerClient("unfinished", repetitions(1000, soak: 10_000))
        #expect(Sanitizer.isOn || cost <= (16 + 16 + 8) << 10)
    }
}
