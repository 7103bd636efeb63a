// SPDX-License-Identifier: Apache-2.0
import Foundation
import NetworkSimulator
import Reactor
import Sockets
import TestSupport
import Testing
import Wire

/// Packet files, read back by a program in another language that knows nothing but the specifications. B-TW-22
@Suite(.blocking) struct CaptureTests {
    private static let oracle = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Oracles/pcapng.py")

    private func read(_ file: [UInt8]) throws -> [String] {
        let text = file.map { String(format: "%02x", $0) }.joined()
        return try Command.run([Python.executable, Self.oracle.path, text]).split(separator: "\n").map(String.init)
    }

    @Test func `a conversation is there packet by packet, with names, numbers and who sent it`() throws {
        let network = SimulatedNetwork(seed: 1)
        try network.host("server", at: IPAddress("10.0.0.1"), IPAddress("fd00::1")) {
            try await serve(on: .public(7)) { try await $0.echo() }
        }
        try network.client("client", at: IPAddress("10.0.0.2"), IPAddress("fd00::2")) {
            for address in ["10.0.0.1:7", "[fd00::1]:7"] {
                try await withConnection(to: address) { connection in
                    try await connection.send("odd")
                    try check(try await connection.receive(upTo: 3)?.count == 3)
                }
            }
            try await withDatagramSocket(to: "10.0.0.1:9") { try await $0.send("x") }
        }
        network.startCapture()
        try network.run(for: .seconds(5))
        let lines = try read(try #require(network.capturedPackets))
        #expect(lines.first == "section 4 Netwright NetworkSimulator")
        #expect(lines.contains("name 10.0.0.1 server") && lines.contains("name fd00::2 client"))
        let packets = lines.filter { $0.first?.isNumber == true }
        let there = packets.filter { $0.contains("tcp 10.0.0.2 49152 > 10.0.0.1 7 ") }
        #expect(there.count >= 3 && there[0].hasSuffix(" S 0 0 - client, task client"), "\(there)")
        #expect(there.contains { $0.hasSuffix(" PA 1 1 6f6464 client, task client") }, "\(there)")
        #expect(there.contains { $0.contains(" FA 4 ") })
        let back = packets.filter { $0.contains("tcp 10.0.0.1 7 > 10.0.0.2 49152 ") }
        #expect(back.first?.contains(" SA 0 1 - server") == true, "\(back)")
        #expect(back.contains { $0.contains(" PA 1 4 6f6464 server") }, "\(back)")
        #expect(packets.contains { $0.contains(" > fd00::1 7 PA 1 1 6f6464 ") })
        #expect(packets.contains { $0.contains("udp 10.0.0.2 ") && $0.contains(" > 10.0.0.1 9 - 0 0 78 client") })
        #expect(packets[0].hasPrefix("17672256000000"))
    }

    @Test func `what a NAT sends on is there under both addresses`() throws {
        let network = SimulatedNetwork(seed: 1)
        try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
        let home = try network.nat("home")
        try network.client("ann", behind: home) {
            try await withDatagramSocket(to: "server:9") { try await $0.send("x") }
            try await withConnection(to: "server:7") { connection in
                try await connection.send("odd")
                try check(try await connection.receive(upTo: 3)?.count == 3)
            }
        }
        network.startCapture()
        try network.run(for: .seconds(5))
        let lines = try read(try #require(network.capturedPackets))
        let inner = try #require(lines.first { $0.contains("udp 192.168.1.2 ") })
        let outer = try #require(lines.first { $0.contains("udp 10.0.0.2 ") })
        #expect(inner.hasSuffix(" > 10.0.0.1 9 - 0 0 78 ann, task ann"), "\(inner)")
        #expect(outer.contains(" > 10.0.0.1 9 - 0 0 78 home"), "\(outer)")
        #expect(lines.contains { $0.contains("tcp 192.168.1.2 49152 > 10.0.0.1 7 PA 1 1 6f6464 ann") })
        #expect(lines.contains { $0.contains("tcp 10.0.0.1 7 > 10.0.0.2 49152 PA 1 4 6f6464 server") })
    }

    @Test func `any payload has right lengths and checksums`() throws {
        var numbers = Randomness.seeded(5)
        let ends = [4, 16].map { count in
            (0..<2).map { _ in InternetPacket.End(address: numbers.bytes(count), port: .init(numbers.next() % 65_536)) }
        }
        for pair in ends {
            var file = CaptureWriter(application: "test")
            let payloads = [0, 1, 2, 3, 1000, 1001].map { numbers.bytes($0) }
            for (place, payload) in payloads.enumerated() {
                file.add(.udp(from: pair[0], to: pair[1], payload), at: UInt64(place) << 33)
                file.add(
                    .tcp(
                        from: pair[1], to: pair[0], flags: .push, sequence: .max, acknowledgement: 1 << 31, payload),
                    at: 7, comment: "Übung")
            }
            let lines = try read(file.take()).dropFirst()
            #expect(lines.count == 12 && file.count == 0)
            for (place, payload) in payloads.enumerated() {
                let hex = payload.isEmpty ? "-" : payload.map { String(format: "%02x", $0) }.joined()
                let pairOfLines = Array(lines)[2 * place...2 * place + 1]
                #expect(pairOfLines.first?.hasPrefix("\(UInt64(place) << 33) udp ") == true)
                #expect(pairOfLines.first?.hasSuffix(" - 0 0 \(hex) -") == true)
                #expect(pairOfLines.last?.hasSuffix(" P 4294967295 2147483648 \(hex) Übung") == true)
            }
        }
    }
}
