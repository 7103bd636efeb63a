// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sockets
import TestSupport
import Testing

@testable import NetTool

@Suite(.blocking) struct BenchTests {
    private func sink(_ address: String) throws -> ForeignProgram { try ForeignProgram.nt("listen", address, "sink") }

    private func end(_ words: String..., of program: ForeignProgram? = nil) throws -> [String: Any] {
        let program = try ForeignProgram(BuiltProgram.path("nt"), ["bench"] + words + ["--json"])
        #expect(try program.exit() == .status(0))
        let events = try Events.parse(program.output)
        #expect(events.first?["event"] as? String == "start")
        let end = try #require(events.last)
        #expect(end["event"] as? String == "end")
        return end
    }

    @Test func `what a sink counts is what was sent, over several streams`() throws {
        let server = try sink("127.0.0.1:0")
        let end = try end(try server.address(), "-d", "200ms", "-P", "3")
        let bytes = try #require(end["bytes"] as? Int)
        #expect(bytes > 1 << 20 && end["bytes_sent"] as? Int == bytes)
        #expect(end["streams"] as? Int == 3 && end["retransmits"] as? Int != nil)
        #expect(try #require(end["rtt_seconds"] as? Double) > 0)
        let rate = try #require(end["bits_per_second"] as? Double)
        let seconds = try #require(end["seconds"] as? Double)
        #expect(abs(rate * seconds / 8 - Double(bytes)) < Double(bytes) * 0.001)
        #expect(try server.terminate() == .status(0))
        #expect(server.errors.contains("3 clients, \(bytes) bytes in, "))
    }

    @Test func `a sink that says that more came than was sent is not believed`() throws {
        let stream = try ForeignProgram.python(
            """
            import socket, threading
            server = socket.create_server(("127.0.0.1", 0))
            print(server.getsockname()[1])
            def serve(client):
                while client.recv(1 << 20): pass
                client.sendall(b"received 9223372036854775807\\n")
                client.close()
            while True: threading.Thread(target=serve, args=server.accept()[:1]).start()
            """)
        let end = try end("127.0.0.1:\(try stream.line())", "-d", "100ms", "-P", "2")
        #expect(end["bytes"] as? Int == end["bytes_sent"] as? Int)
        let datagrams = try ForeignProgram.python(
            """
            import socket
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(("127.0.0.1", 0))
            print(server.getsockname()[1])
            while True:
                said, peer = server.recvfrom(70000)
                # A report for every packet, with the largest numbers that there are.
                server.sendto(said[:7] + b"\\x04" + said[8:32] + b"\\xff" * 32, peer)
            """)
        let other = try self.end("udp://127.0.0.1:\(try datagrams.line())", "-d", "100ms", "-P", "2")
        #expect(other["lost"] as? Int == 0)
    }

    /// What the kernel has counted since the system began, by `/proc/net/snmp`.
    private func kernelCount(_ protocolName: String, _ counter: String) throws -> Int {
        let rows = try String(contentsOfFile: "/proc/net/snmp", encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("\(protocolName):") }.map { $0.split(separator: " ") }
        let index = try #require(rows.first?.firstIndex { $0 == counter })
        return try #require(Int(rows[1][index]))
    }

    @Test func `the datagrams that were sent and that came are those that the kernel has counted`() throws {
        let (sentBefore, receivedBefore) = (
            try kernelCount("Udp", "OutDatagrams"), try kernelCount("Udp", "InDatagrams")
        )
        let server = try sink("udp://127.0.0.1:0")
        let end = try end("udp://\(try server.address("udp"))", "-d", "300ms", "--rate", "20M", "--length", "1000")
        let sent = try #require(end["datagrams"] as? Int)
        let received = try #require(end["received"] as? Int)
        #expect(sent > 100 && received <= sent && end["lost"] as? Int == sent - received)
        // Other tests send datagrams at the same time: the kernel has at least ours.
        #expect(try kernelCount("Udp", "OutDatagrams") - sentBefore >= sent)
        #expect(try kernelCount("Udp", "InDatagrams") - receivedBefore >= received)
        // 20 Mbit/s for 0.3 s are 750 datagrams of 1000 bytes; a busy machine sends fewer, none sends more.
        #expect(sent <= 800)
        #expect(try #require(end["rtt_seconds"] as? Double) > 0 && end["jitter_seconds"] as? Double != nil)
        #expect(end["bytes"] as? Int == received * 1000)
    }

    @Test func `with --reverse the sink sends, until it is told to stop`() throws {
        let server = try sink("127.0.0.1:0")
        let end = try end(try server.address(), "-d", "200ms", "-R")
        #expect(try #require(end["bytes"] as? Int) > 1 << 20)
        // The sink's end is no reset: it was told.
        #expect(try server.errorLine(containing: "- ").hasSuffix(" out"))
        #expect(try server.terminate() == .status(0))
    }

    @Test func `--rate is kept`() throws {
        let server = try sink("127.0.0.1:0")
        let end = try end(try server.address(), "-d", "500ms", "--rate", "8M")
        let bytes = try #require(end["bytes"] as? Int)
        #expect(bytes <= 600_000 && bytes > 50_000)
    }

    @Test func `another program's sink does, and is said not to confirm`() throws {
        let server = try ForeignProgram.nt("listen", "127.0.0.1:0", "discard")
        let program = try ForeignProgram.nt("bench", try server.address(), "-d", "100ms")
        #expect(try program.exit() == .status(0))
        #expect(program.output.contains("the other side does not say what came"))
    }

    @Test func `nobody there, and nobody who answers, have their exit codes`() throws {
        let closed = try ClosedPort()
        let refused = try ForeignProgram.nt("bench", closed.address, "-d", "100ms")
        #expect(try refused.exit() == .status(69))
        let server = try ForeignProgram.nt("listen", "udp://127.0.0.1:0", "discard")
        let address = "udp://\(try server.address("udp"))"
        let silent = try ForeignProgram.nt("bench", address, "-d", "50ms", "--timeout", "100ms", "--json")
        #expect(try silent.exit() == .status(75))
        #expect(silent.errors.contains("has not answered"))
        #expect(try Events.parse(silent.output).last?["status"] as? Int == 75)
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func `ctrl-C and SIGTERM end it early, with its numbers`(signal: Int32, status: Int32) throws {
        let server = try sink("127.0.0.1:0")
        let program = try ForeignProgram.nt("bench", try server.address(), "-d", "1h", "--json")
        try program.line(containing: "interval")
        program.send(signal: signal)
        #expect(try program.exit() == .status(status))
        let end = try #require(try Events.parse(program.output).last)
        #expect(end["event"] as? String == "end" && (end["bytes"] as? Int ?? 0) > 0)
        #expect(end["status"] as? Int == Int(status))
    }

    @Test func `SIGTERM ends it where the other side reads nothing, after --timeout`() throws {
        let deaf = try Socket.listening(on: "127.0.0.1:0")
        let program = try ForeignProgram.nt(
            "bench", "\(try deaf.localAddress)", "-d", "1h", "--timeout", "100ms", "--json")
        try program.line(containing: "interval")
        program.send(signal: SIGTERM)
        #expect(try program.exit() == .status(143))
        let end = try #require(try Events.parse(program.output).last)
        #expect(end["event"] as? String == "end" && end["status"] as? Int == 143)
    }

    @Test(arguments: [("500K", 5e5), ("10M", 1e7), ("2.5G", 2.5e9), ("800", 800), ("1k", 1e3)])
    func `a rate is a number and its unit`(text: String, bits: Double) throws {
        #expect(try BitRate(text).bitsPerSecond == bits)
    }

    @Test(arguments: ["", "K", "-1M", "1T", "1MM", "2000G", "0", "nan", "inf", "M10"])
    func `what is no rate is refused`(text: String) {
        #expect(throws: Malformed.self) { try BitRate(text) }
    }

    @Test func `a packet is read as it was written, and nothing else is one`() {
        var report = BenchPacket(.report, session: 7, sequence: 3, time: -5)
        report.counts = .init(packets: 1, bytes: 2, late: 3, jitter: 4)
        for packet in [BenchPacket(.data, session: .max, sequence: 9, time: 1), report] {
            let bytes = packet.bytes(paddedTo: 100)
            #expect(bytes.count == 100 && BenchPacket(bytes) == packet)
        }
        let bytes = report.bytes(paddedTo: BenchPacket.reportLength)
        for length in 0..<BenchPacket.reportLength { #expect(BenchPacket(Array(bytes[..<length])) == nil) }
        #expect(BenchPacket([UInt8](repeating: 1, count: 100)) == nil)
    }

    @Test func `a sink answers no datagram by a longer one`() {
        var reports = BenchReports()
        func answer(_ bytes: [UInt8]) -> [UInt8]? { reports.answer(to: bytes, from: .loopback(9), at: 1) }
        for kind in [BenchPacket.Kind.data, .ping, .end, .report] {
            for length in [32, 64, 100] {
                let bytes = BenchPacket(kind, session: 1).bytes(paddedTo: length)
                #expect((answer(bytes)?.count ?? 0) <= bytes.count)
            }
        }
    }
}
