// SPDX-License-Identifier: Apache-2.0
import Foundation
@testable import Reactor
import Sockets
import TestSupport
import Testing

/// A loop with a thread of its own, for as long as `body` runs.
func withLoop(
    _ mechanism: World.Mechanism = .preferred, _ body: @Sendable (EventLoop) async throws -> Void
) async throws {
    try await places.take {
        let thread = try LoopThread(in: .real(mechanism))
        defer { thread.stop() }
        try await body(thread.loop)
    }
}

@Suite struct WorldTests {
    private func simulated(at nanoseconds: Int64) -> World {
        World(
            now: { LoopInstant(nanoseconds: nanoseconds) },
            makeDriver: { _ throws(SocketError) in throw SocketError(.open, .closed) },
            names: FixedNames(addresses: []))
    }

    @Test func `the real date is the system's`() {
        let world = World.real()
        let difference = world.wallTime - .seconds(Date().timeIntervalSince1970)
        #expect(difference > .seconds(-5) && difference < .seconds(5))
    }

    @Test func `a simulation's date moves with its clock alone, and its chance repeats`() throws {
        let (early, late) = (simulated(at: 0), simulated(at: 1_500_000_000))
        #expect(late.wallTime - early.wallTime == .seconds(1.5))
        #expect(early.randomness.bytes(40) == late.randomness.bytes(40))
        #expect(early.blocking.maximumThreads == 0)
        #expect(early.files is MemoryFileSystem)
    }

    @Test func `a seed gives the same numbers always, and another seed others`() {
        func numbers(_ seed: UInt64) -> [Int] {
            var randomness = Randomness.seeded(seed)
            return (0..<100).map { _ in Int.random(in: 0..<1_000_000, using: &randomness) }
        }
        #expect(numbers(7) == numbers(7))
        #expect(numbers(7) != numbers(8))
        // The first number of SplitMix64 for the seed 0, as its authors' program prints it.
        var zero = Randomness.seeded(0)
        #expect(zero.next() == 0xE220_A839_7B1D_CDAF)
    }

    @Test func `copies draw from one source, and bytes come in any number`() {
        var first = Randomness.seeded(1)
        var second = first
        #expect(first.next() != second.next())
        for count in [0, 1, 7, 8, 9, 33] { #expect(Randomness.system.bytes(count).count == count) }
        #expect(Randomness.system.bytes(32) != Randomness.system.bytes(32))
        #expect(Randomness.seeded(3).bytes(9).prefix(8) == Randomness.seeded(3).bytes(8)[...])
    }
}
