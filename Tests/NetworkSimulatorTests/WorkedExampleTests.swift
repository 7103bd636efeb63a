// SPDX-License-Identifier: Apache-2.0
import Foundation
import NetworkSimulator
import TestSupport
import Testing

/// The article "Test a protocol without a network": its code is this folder's, and its report is what comes of it.
@Suite(.blocking) struct WorkedExampleTests {
    private static let here = URL(filePath: #filePath).deletingLastPathComponent()

    private static func article() throws -> String {
        let path = here.deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: path.appending(path: "Documentation/TestAProtocol.md"), encoding: .utf8)
    }

    private static func blocks(_ language: String) throws -> [String] {
        try article().components(separatedBy: "```\(language)\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
    }

    @Test func `every piece of the article's code is compiled here`() throws {
        let code = try ["WorkedExample.swift", "WorkedExampleTests.swift"].map {
            try String(contentsOf: Self.here.appending(path: $0), encoding: .utf8)
        }.joined()
        let blocks = try Self.blocks("swift")
        #expect(blocks.count == 6)
        // What stands in a test is further to the right there.
        let flat = code.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(separator: "\n")
        for block in blocks {
            let lines = block.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(flat.contains(lines.joined(separator: "\n")), "\(block)")
        }
    }

    @Test func `the first client is found wrong, by the seed of the article`() throws {
        let found = try #require(throws: SeedFailed.self) {
            try explore(seeds: 0..<1000) { network in
                try addThreeTimes(on: network, server: serveSum, add: add)
            }
        }
        let report = try #require(Self.blocks("text").first).trimmingCharacters(in: .newlines)
        #expect("\(found)" == report)
        #expect(found.isRepeatable)
    }

    @Test func `a client behind a NAT is called where it reminds the server in time`() throws {
        try explore(seeds: 0..<20) { network in
            try callBack(on: network) { try await waitForCall(remindingEvery: .seconds(25)) }
        }
        let network = SimulatedNetwork(seed: 1)
        #expect(throws: NetworkStalled.self) {
            try callBack(on: network) { try await waitForCall(remindingEvery: .seconds(100)) }
        }
        #expect(network.trace.contains { $0.kind == .filtered(3) })
    }

    @Test func `the second client is right`() throws {
        try explore(seeds: 0..<1000) { network in
            try addThreeTimes(on: network, server: serveSumOnce, add: addOnce)
        }
    }
}
