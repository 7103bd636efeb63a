// SPDX-License-Identifier: Apache-2.0
import InMemoryLogging
import Logging
import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

// B-TW-18: TrafficLoggingFactory, SpewingFactory
@Suite(.blocking) struct TrafficLogTests {
    private func entries(_ log: KeptLog) -> [String] {
        log.lines.map { entry in
            let keys = ["text", "bytes"].compactMap { key in entry.metadata[key].map { "\($0)" } }
            return ([entry.message.description] + keys).joined(separator: " ")
        }
    }

    @Test func `pieces are written as they pass, in both directions`() async throws {
        let log = KeptLog()
        try await Carrier.pair.withEnds(.memory) { first, second in
            let logged = try await first.logged(to: TrafficLog(log.logger, maximumLength: 4))
            try await logged.send("hi")
            _ = try await second.receive()
            try await second.send("good morning")
            #expect(try await logged.receive(upTo: 5) == Array("good ".utf8))
            #expect(try await logged.receive(upTo: 50) == Array("morning".utf8))
            try await second.shutdownSending()
            #expect(try await logged.receive(upTo: 50) == nil)
            #expect(try await logged.receive(upTo: 50) == nil)
        }
        #expect(
            entries(log) == [
                #"sent "hi" 2"#, #"received "good…" 5"#, #"received "morn…" 7"#,
                "peer has ended",
            ])
    }

    @Test func `lines are written whole, whatever pieces they come in, and cut where they are too long`() async throws {
        let log = KeptLog()
        try await Carrier.pair.withEnds(.memory) { first, second in
            let logged = try await second.logged(to: TrafficLog(log.logger, form: .lines, maximumLength: 8))
            for piece in ["on", "e\r", "\ntwo\n\nmuch too ", "long\nlast"] {
                try await first.send(piece)
                _ = try await logged.receive()
            }
            try await logged.send("half")
            first.close()
            #expect(try await logged.receive() == nil)
            second.close()
        }
        #expect(
            entries(log) == [
                #"received "one" 3"#, #"received "two" 3"#, #"received "" 0"#, #"received "much too…" 13"#,
                #"received "last" 4"#, "peer has ended", #"sent "half" 4"#,
            ])
    }

    // promises 1.16: every byte from the wire is escaped before it meets a log
    @Test(arguments: [TrafficLog.Form.pieces, .lines])
    func `no byte of a peer's reaches the log as it is`(form: TrafficLog.Form) async throws {
        let log = KeptLog()
        try await Carrier.pair.withEnds(.memory) { first, second in
            let logged = try await second.logged(to: TrafficLog(log.logger, form: form, maximumLength: 1000))
            try await first.send((0...255).map { UInt8($0) } + [0x0A])
            _ = try await logged.receive()
        }
        let text = entries(log).joined()
        #expect(text.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        #expect(
            text.contains(#"\x1b"#) && text.contains(#"\xff"#) && text.contains(#"\x22"#) && text.contains(#"\x5c"#))
    }

    @Test func `what nobody wants to see is not written, and costs nothing`() async throws {
        let log = KeptLog(.info)
        try await Carrier.pair.withEnds(.memory) { first, second in
            let logged = try await second.logged(to: TrafficLog(log.logger))
            try await first.send("quiet")
            _ = try await logged.receive()
        }
        #expect(log.lines.isEmpty)
    }

    @Test func `bytes that only the kernel sees are told by their number`() async throws {
        let directory = try TemporaryDirectory()
        let file = try FileDescriptor.open(
            directory.file("f"), .readWrite, options: .create, permissions: .ownerReadWrite)
        defer { try? file.close() }
        try file.writeAll([UInt8](repeating: 7, count: 1000))
        let log = KeptLog()
        try await Carrier.tcp.withEnds(.epoll) { first, second in
            let logged = try await first.logged(to: TrafficLog(log.logger))
            try await logged.sendFile(file)
            #expect(try await second.read(exactly: 1000).count == 1000)
            let peer = try #require(logged.peer)
            #expect(log.lines.allSatisfy { $0.metadata["peer"] == "\(peer)" })
        }
        #expect(entries(log) == ["sent 1000"])
    }
}
