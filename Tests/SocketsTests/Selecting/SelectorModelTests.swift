// SPDX-License-Identifier: Apache-2.0
import Sockets
import SystemPackage
import TestSupport
import Testing

/// P26: random sequences of operations on every mechanism at once, compared with a model that is simple enough to be
/// right: what is registered, which sockets have bytes waiting, and what follows from that.
@Suite(.blocking) struct SelectorModelTests {
    private struct Model {
        struct Entry {
            var interest: Interest
            var token: UInt64
        }
        var entries: [Int: Entry] = [:]
        var waiting: [Int]
        var hasEnded: Set<Int> = []

        func expected() -> Set<SelectorEvent> {
            Set(
                entries.compactMap { index, entry in
                    let readable = waiting[index] > 0 || hasEnded.contains(index)
                    let ready: Interest = entry.interest.intersection(readable ? [.readable, .writable] : .writable)
                    return ready.isEmpty ? nil : SelectorEvent(token: entry.token, ready: ready)
                })
        }
    }

    // P26: 200,000 operations in `make soak`
    @Test func `P26: random operations never tell the mechanisms and the model apart`() throws {
        var generator = SeededGenerator(seed: 26)
        var left = repetitions(20_000, soak: 200_000)
        while left > 0 {
            let steps = min(left, 500)
            try sequence(of: steps, &generator)
            left -= steps
        }
    }

    private func sequence(of steps: Int, _ generator: inout SeededGenerator) throws {
        let count = 6
        let pairs = try (0..<count).map { _ in
            let pair = try SocketPair()
            return (watched: SharedSocket(try pair.first.duplicate()), peer: SharedSocket(try pair.second.duplicate()))
        }
        let selectors = try Mechanism.allCases.map { try $0.make() }
        var model = Model(waiting: [Int](repeating: 0, count: count))
        for step in 0..<steps {
            let index = Int.random(in: 0..<count, using: &generator)
            let interest = Interest(rawValue: UInt8.random(in: 0...7, using: &generator))
            let hasDirection = !interest.isDisjoint(with: [.readable, .writable])
            let token = UInt64.random(in: 0...UInt64.max, using: &generator)
            let descriptor = pairs[index].watched.descriptor
            switch Int.random(in: 0..<7, using: &generator) {
            case 0:
                let failed = !hasDirection || model.entries[index] != nil
                try apply(selectors, fails: failed) { selector in
                    try selector.register(descriptor, for: interest, trigger: .level, token: token)
                }
                if !failed { model.entries[index] = .init(interest: interest, token: token) }
            case 1:
                let failed = !hasDirection || model.entries[index] == nil
                try apply(selectors, fails: failed) { selector in
                    try selector.modify(descriptor, for: interest, trigger: .level, token: token)
                }
                if !failed { model.entries[index] = .init(interest: interest, token: token) }
            case 2:
                try apply(selectors, fails: model.entries[index] == nil) { try $0.unregister(descriptor) }
                model.entries[index] = nil
            case 3 where !model.hasEnded.contains(index) && model.waiting[index] < 100:
                try pairs[index].peer.socket.sendAll([1])
                model.waiting[index] += 1
            case 4 where model.waiting[index] > 0:
                _ = try pairs[index].watched.socket.receive(upTo: 1)
                model.waiting[index] -= 1
            case 5 where Int.random(in: 0..<20, using: &generator) == 0:
                try pairs[index].peer.socket.shutdown(.sending)
                model.hasEnded.insert(index)
            default:
                let expected = model.expected()
                for selector in selectors {
                    let events = try selector.wait(timeout: .zero)
                    #expect(Set(events) == expected && events.count == expected.count, "step \(step), \(selector)")
                }
            }
        }
    }

    private func apply(_ selectors: [any Selector], fails: Bool, _ body: (any Selector) throws -> Void) throws {
        for selector in selectors {
            do {
                try body(selector)
                #expect(!fails, "\(selector)")
            } catch { #expect(fails, "\(selector): \(error)") }
        }
    }
}
