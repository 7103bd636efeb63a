// SPDX-License-Identifier: Apache-2.0
import Reactor

/// Draws from a seed. Touched by the thread that runs the network.
struct Chance {
    private var numbers: Randomness

    init(seed: UInt64) { numbers = .seeded(seed) }

    /// Another source that draws its own numbers.
    mutating func branch() -> UInt64 { numbers.next() }

    /// Whether something comes true that does so with this probability. Nothing is drawn for what is certain.
    mutating func happens(_ probability: Double) -> Bool {
        if probability <= 0 { return false }
        if probability >= 1 { return true }
        return Double(numbers.next() >> 11) * 0x1p-53 < probability
    }

    /// A number from 0 up to `bound`, which is at least 1.
    mutating func below(_ bound: Int) -> Int { Int(numbers.next() % UInt64(max(1, bound))) }

    /// A time from none to this one.
    mutating func upTo(_ longest: Duration) -> Duration {
        if longest <= .zero { return .zero }
        let most = LoopInstant(nanoseconds: 0).advanced(by: longest).nanoseconds
        return .nanoseconds(Int64(numbers.next() % UInt64(most)))
    }

    /// Puts elements into an order of its own.
    mutating func mix<Element>(_ elements: inout [Element]) {
        if elements.count < 2 { return }
        for last in (1..<elements.count).reversed() { elements.swapAt(last, below(last + 1)) }
    }
}
