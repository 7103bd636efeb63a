// SPDX-License-Identifier: Apache-2.0
@testable import Reactor
import Sockets
import SystemPackage
import TestSupport
import Testing

/// Bytes that a short read did not bring although they were there: no edge will tell of them (law: no lost wake-up).
@Suite(.blocking) struct ShortReadTests {
    @Test(arguments: World.Mechanism.allCases)
    func `bytes behind an urgent one are received`(mechanism: World.Mechanism) async throws {
        try await Carrier.tcp.withEnds(Ground(rawValue: mechanism.rawValue) ?? .epoll) { first, second in
            try await withTaskExecutorPreference(first.loop) {
                for _ in 0..<3 {
                    async let before = second.receive(upTo: 100)
                    try await until { try await second.isReceiving }
                    try await first.send("a")
                    #expect(try await before == Array("a".utf8))
                    try await withDeadline(.seconds(5)) {
                        async let next = second.receive(upTo: 100)
                        try await until { try await second.isReceiving }
                        try await first.loop.run { () throws(SocketError) in
                            _ = try first.transport.onSocket(.sending) { socket throws(SocketError) in
                                _ = try socket.sendMessage([Array("b".utf8)])
                                _ = try socket.sendMessage([Array("!".utf8)], flags: .outOfBand)
                                _ = try socket.sendMessage([Array("c".utf8)])
                            }
                        }
                        #expect(try await next == Array("b".utf8))
                        #expect(try await second.receive(upTo: 100) == Array("c".utf8))
                    }
                }
            }
        }
    }

    @Test(arguments: World.Mechanism.allCases)
    func `bytes behind descriptors that nobody wanted are received`(mechanism: World.Mechanism) async throws {
        try await Carrier.unix.withEnds(Ground(rawValue: mechanism.rawValue) ?? .epoll) { first, second in
            try await withTaskExecutorPreference(first.loop) {
                try await withDeadline(.seconds(5)) {
                    async let next = second.receive(upTo: 100)
                    try await until { try await second.isReceiving }
                    try await first.send(descriptors: [FileDescriptor(rawValue: 0)], with: Array("b".utf8))
                    try await first.send("c")
                    #expect(try await next == Array("b".utf8))
                    #expect(try await second.receive(upTo: 100) == Array("c".utf8))
                }
            }
        }
    }
}
