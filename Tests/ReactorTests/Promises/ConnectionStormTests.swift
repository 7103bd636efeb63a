// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// P9: survives a connection storm.
@Suite(.blocking) struct ConnectionStormTests {
    // P9: 100,000 connect/close, 50,000 RST: 0 lost, descriptors +0
    @Test(arguments: [("close", repetitions(5000, soak: 100_000)), ("reset", repetitions(3000, soak: 50_000))])
    func `P9: of a storm nobody is lost, and no descriptor stays`(way: String, count: Int) throws {
        let server = try LoadedServer("echo")
        let witness = try Witness(of: server)
        try server.wait("the witness") { witness.count > 0 }
        let before = try server.program.use.descriptors
        let earlier = try #require(try server.counts()["served"])
        try server.endure(way, count)
        try server.wait("the storm's end") { try server.counts()["open"] == 1 }
        #expect(try server.counts()["served"] == earlier + count)
        #expect(try server.program.use.descriptors == before)
        let report = try witness.finish()
        print("P9: \(count) times \(way): the witness had \(report.answers) answers, the slowest in \(report.slowest)")
        #expect(report.answers > 0)
    }
}
