// SPDX-License-Identifier: Apache-2.0
import Sockets
import TestSupport
import Testing

/// P12: backpressure end to end.
@Suite(.blocking) struct BackpressureTests {
    // P12: a peer that never reads costs < 32 MiB after 128 MiB offered, and others are served meanwhile
    @Test func `P12: a peer that never reads, offered 128 MiB, costs less than 32 MiB`() throws {
        let server = try LoadedServer("offer")
        let warm = try server.client()
        #expect(try warm.socket.receive(upTo: 1) != nil)
        let before = try server.program.use.memory
        // Nobody of these ever reads.
        let deaf = try (0..<4).map { _ in try server.client() }
        try server.wait("them") { try server.counts()["served"] == 5 }
        // Somebody who reads gets all of it meanwhile.
        let reader = try server.client()
        var count = 0
        while let piece = try reader.socket.receive(upTo: 1 << 20) { count += piece.count }
        #expect(count == 128 << 20)
        let cost = try server.program.use.peakMemory - before
        print("P12: \(deaf.count + 2) clients that were offered 128 MiB cost \(cost >> 10) KiB")
        #expect(Sanitizer.isOn || cost < 32 << 20)
        try server.wait("the reader's end") { try server.counts()["open"] == 5 }
    }

    // P12: what it sends waits in its own socket
    @Test func `P12: a peer that sends and never reads costs less than 32 MiB, and holds up nobody`() throws {
        let server = try LoadedServer("lines")
        let witness = try Witness(of: server)
        try server.wait("the witness") { witness.count > 0 }
        let before = try server.program.use.memory
        let crowd = try server.crowd("deaf", 3)
        try crowd.line(containing: "done")
        let soFar = witness.count
        try server.wait("more answers") { witness.count > soFar + 10 }
        let cost = try server.program.use.peakMemory - before
        let report = try witness.finish()
        print("P12: three deaf clients cost \(cost >> 10) KiB; \(report)")
        #expect(Sanitizer.isOn || cost < 32 << 20)
        #expect(report.slowest < .seconds(2))
    }
}
