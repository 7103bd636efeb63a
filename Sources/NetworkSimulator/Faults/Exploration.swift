// SPDX-License-Identifier: Apache-2.0
//
// Decision: a seed that fails is tried once more. If it fails in the same way it can be repeated by whoever reads the
//           report; if not, something has left its world, and the report says that first.
import Sockets

/// The first seed with which something fails.
public struct SeedFailed: Error, Sendable, CustomStringConvertible {
    /// The seed.
    public let seed: UInt64
    /// What was thrown.
    public let error: any Error
    /// What had happened on the network, oldest first.
    public let trace: [NetworkEvent]
    /// How many events there were.
    public let eventCount: Int
    /// Whether a second run with the same seed did the same.
    public let isRepeatable: Bool
    /// How many seeds were tried, this one included.
    public let tried: Int

    /// How many events the description shows.
    private static let shown = 40

    /// The seed, the error, how to repeat it, and the end of the trace.
    public var description: String {
        var lines = ["seed \(seed) fails (after \(tried - 1) that did not): \(error)"]
        lines.append(
            isRepeatable
                ? "repeat it with \(Seed.variable)=\(seed)"
                : "it did not do the same when it was repeated: something in it has left its world")
        if eventCount > Self.shown { lines.append("(\(eventCount - Self.shown) events before these)") }
        lines += trace.suffix(Self.shown).map(\.description)
        return lines.joined(separator: "\n")
    }
}

/// Tries a program with one seed after the other, each on a network of its own, and reports the first that fails.
///
/// ```swift
/// try explore(seeds: 0..<1000) { network in
///     network.link.loss = 0.2
///     try network.host("server") { try await serve(on: .public(7)) { try await $0.echo() } }
///     try network.client("client") { try await retryingEcho("server:7", "hi") }
///     try network.run(for: .seconds(60))
/// }
/// ```
/// Where `NETWRIGHT_SEED` stands in the environment, that one alone is tried: so a failure is repeated.
///
/// - Parameters:
///   - seeds: which, in their order.
///   - settings: of each network.
///   - body: builds a network and runs it; what it throws is a failure. A test library's expectation that does not
///     throw is not noticed: use one that does.
/// - Throws: ``SeedFailed``.
public func explore(
    seeds: Range<UInt64>, settings: SimulatedNetwork.Settings = .init(), _ body: (SimulatedNetwork) throws -> Void
) throws(SeedFailed) {
    for (place, seed) in chosen(seeds).enumerated() {
        let first = Trial(seed, settings)
        do { try body(first.network) } catch {
            let second = Trial(seed, settings)
            do { try body(second.network) } catch {}
            throw first.failure(error, comparedTo: second, tried: place + 1)
        }
        first.network.end()
    }
}

/// The same for a body that runs its network with ``SimulatedNetwork/run(on:within:_:)``.
///
/// - Throws: ``SeedFailed``.
public nonisolated(nonsending) func explore(
    seeds: Range<UInt64>, settings: SimulatedNetwork.Settings = .init(),
    _ body: nonisolated(nonsending) (SimulatedNetwork) async throws -> Void
) async throws(SeedFailed) {
    for (place, seed) in chosen(seeds).enumerated() {
        let first = Trial(seed, settings)
        do { try await body(first.network) } catch {
            let second = Trial(seed, settings)
            do { try await body(second.network) } catch {}
            throw first.failure(error, comparedTo: second, tried: place + 1)
        }
        first.network.end()
    }
}

/// The seeds to try: those that are wanted, unless the environment names one.
private func chosen(_ seeds: Range<UInt64>) -> Range<UInt64> {
    guard let text = Environment.value(of: Seed.variable), let seed = UInt64(text), seed < .max else { return seeds }
    return seed..<seed + 1
}

/// One network of an exploration.
private struct Trial {
    let network: SimulatedNetwork
    private let seed: UInt64

    init(_ seed: UInt64, _ settings: SimulatedNetwork.Settings) {
        self.seed = seed
        network = SimulatedNetwork(seed: seed, settings)
    }

    func failure(_ error: any Error, comparedTo other: Trial, tried: Int) -> SeedFailed {
        SeedFailed(
            seed: seed, error: error, trace: network.trace, eventCount: network.eventCount,
            isRepeatable: network.traceHash == other.network.traceHash, tried: tried)
    }
}
