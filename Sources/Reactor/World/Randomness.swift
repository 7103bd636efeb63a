// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Where a world's chance comes from: the system's in real life, a seed's in a simulation.
///
/// ```swift
/// var randomness = loop.world.randomness
/// let pause = Int.random(in: 0..<100, using: &randomness)
/// ```
/// Copies draw from the same source. Any thread may.
public struct Randomness: RandomNumberGenerator, Sendable {
    private let source: @Sendable () -> UInt64

    /// Numbers from a function.
    ///
    /// - Parameter source: called from any thread.
    public init(_ source: @escaping @Sendable () -> UInt64) { self.source = source }

    /// What the system says nobody can guess: fit for keys.
    ///
    /// C: `getrandom(2)`.
    public static let system = Randomness {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    /// The same numbers for the same seed, always. Whoever knows one knows the next: nothing for keys.
    public static func seeded(_ seed: UInt64) -> Randomness {
        let numbers = Sequence(seed)
        return Randomness { numbers.next() }
    }

    /// The next number.
    public mutating func next() -> UInt64 { source() }

    /// Random bytes.
    ///
    /// - Parameter count: how many, 0 or more.
    public func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            var word = source()
            for _ in 0..<min(8, count - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    private final class Sequence: Sendable {
        private let state: Atomic<UInt64>
        init(_ seed: UInt64) { state = Atomic(seed) }

        func next() -> UInt64 {
            let step: UInt64 = 0x9E37_79B9_7F4A_7C15
            var mixed = state.wrappingAdd(step, ordering: .relaxed).newValue
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
