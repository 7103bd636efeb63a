// SPDX-License-Identifier: Apache-2.0
import Reactor
import Sockets
import TestSupport
import Testing

@testable import NetworkSimulator

/// A NAT's table against what a list of all that went out says. B-TW-22
@Suite(.blocking) struct TranslationTableTests {
    /// Something that went out.
    private struct Sent {
        let inside: SocketAddress
        let other: SocketAddress
        let port: Port
        let time: LoopInstant
    }

    private static let timeout = Duration.seconds(10)

    private static func counts(_ one: SocketAddress, as other: SocketAddress, _ kind: NATBehavior.Dependence) -> Bool {
        switch kind {
        case .endpointIndependent: true
        case .addressDependent: one.ip == other.ip
        case .addressAndPortDependent: one == other
        }
    }

    private static func address(_ network: UInt8, _ numbers: inout SeededGenerator) -> SocketAddress {
        let host = IPv4Address(network, 0, 0, UInt8(numbers.next() % 3 + 1))
        return .ipv4(host, Port(rawValue: UInt16(numbers.next() % 3 + 2000)))
    }

    @Test(arguments: NATBehavior.Dependence.allCases, NATBehavior.Dependence.allCases)
    func `what comes in is what the list says`(
        mapping: NATBehavior.Dependence, filtering: NATBehavior.Dependence
    ) throws {
        var behavior = NATBehavior(mapping: mapping, filtering: filtering)
        behavior.mappingTimeout = Self.timeout
        var numbers = SeededGenerator(seed: 4787)
        var chance = Chance(seed: 1)
        for ports in NATBehavior.PortAssignment.allCases {
            behavior.ports = ports
            var table = TranslationTable(behavior, at: .v4(IPv4Address(9, 9, 9, 9)))
            var log: [Sent] = []
            var now = LoopInstant(nanoseconds: 0)
            var (entered, refused) = (0, 0)
            for _ in 0..<repetitions(2000, soak: 200_000) {
                now = now.advanced(by: .milliseconds(Int(numbers.next() % 700)))
                log.removeAll { $0.time.advanced(by: Self.timeout) <= now }
                let other = Self.address(8, &numbers)
                if numbers.next() % 2 == 0 {
                    let inside = Self.address(192, &numbers)
                    let gone = try #require(table.leave(.udp, from: inside, to: other, at: now, drawing: &chance))
                    let port = try #require(gone.mapping.outside.port)
                    let known = log.first { $0.inside == inside && Self.counts($0.other, as: other, mapping) }
                    #expect(gone.isNew == (known == nil))
                    if let known { #expect(port == known.port) } else { #expect(!log.contains { $0.port == port }) }
                    log.append(Sent(inside: inside, other: other, port: port, time: now))
                } else {
                    let port = log.isEmpty ? 2000 : log[Int(numbers.next() % UInt64(log.count))].port
                    let known = log.first { $0.port == port && Self.counts($0.other, as: other, filtering) }
                    let inside = table.enter(to: port, from: other, at: now)
                    try #require(inside == known?.inside, "\(port) \(other) \(now)")
                    if inside == nil { refused += 1 } else { entered += 1 }
                }
                #expect(table.mappings(at: now).count == Set(log.map(\.port)).count)
            }
            #expect(entered > 100 && (refused > 100 || filtering == .endpointIndependent), "\(entered) \(refused)")
        }
    }
}
