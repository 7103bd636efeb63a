// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Issue 3, bad input: whoever misbehaves costs its own connection and nothing else. Who has no descriptor left for it
/// is in `DescriptorExhaustionTests`.
@Suite(.blocking) struct BadPeerTests {
    // Resets, floods without the end of a line, never reads, comes 5,000 times, stops in the middle
    @Test(
        arguments: [
            ("reset", repetitions(1000, soak: 5000)), ("flood", 20), ("deaf", 2), ("close", 5000), ("unfinished", 300),
        ], ["tasks", "protocols"])
    func `a peer that misbehaves costs its own connection and nothing else`(
        crowd: (way: String, count: Int), face: String
    ) throws {
        let (way, count) = crowd
        let server = try LoadedServer("lines", ["face=\(face)"])
        let witness = try Witness(of: server)
        try server.wait("the witness") { witness.count > 0 }
        let before = try server.program.use.descriptors
        let soFar = witness.count
        try server.endure(way, count)
        try server.wait("more answers") { witness.count > soFar }
        try server.wait("the others' end") { try server.counts()["open"] == 1 }
        try server.wait("the others' descriptors") { try server.program.use.descriptors <= before }
        let report = try witness.finish()
        print("bad peers: \(count) times \(way), \(face): \(report)")
        #expect(report.slowest < .seconds(5))
        let late = try server.client()
        #expect(try late.exchange("late"))
    }
}
