// SPDX-License-Identifier: Apache-2.0
public import Reactor
import Sockets
import Synchronization

/// What a connection has to do, whatever carries it, as a list of checks: for whoever writes a ``Transport``.
///
/// ```swift
/// let conformance = TransportConformance(makeEnds: { try await makeMyPair() })
/// for failure in await conformance.failures() { Issue.record("\(failure)") }
/// ```
/// It belongs to no test library. Each check gets two fresh ends, runs on the first one's loop and takes its times from
/// there: in a simulation it takes none. A check that does not come to its end fails when its limit is over.
public struct TransportConformance: Sendable {
    /// What is done with two connected ends.
    public typealias Use = @Sendable (_ first: Connection, _ second: Connection) async throws -> Void

    /// A check that failed.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The check.
        public let check: Check
        /// What was seen, in words.
        public let seen: String
        /// What should have been.
        public let expected: String

        /// One line: the check, what was expected, what was seen.
        public var description: String { "\(check.rawValue): expected \(expected), saw \(seen)" }
    }

    /// Some checks failed.
    public struct Nonconformance: Error, Hashable, Sendable, CustomStringConvertible {
        /// Which, in the order in which they ran; at least one.
        public let failures: [Failure]

        /// One line for each.
        public var description: String { failures.map(\.description).joined(separator: "\n") }
    }

    private let limit: Duration
    private let seed: UInt64
    private let withEnds: @Sendable (_ use: @escaping Use) async throws -> Void

    /// Checks ends that live as long as they are used.
    ///
    /// - Parameters:
    ///   - limit: how long one check may take, on the first end's loop.
    ///   - seed: where random sizes come from; the same seed gives the same ones.
    ///   - withEnds: makes two ends that are connected to each other, hands them to its argument, and clears up. Called
    ///     once for each check.
    public init(
        limit: Duration = .seconds(30), seed: UInt64 = 1,
        withEnds: @escaping @Sendable (_ use: @escaping Use) async throws -> Void
    ) {
        self.limit = limit
        self.seed = seed
        self.withEnds = withEnds
    }

    /// Checks ends that nobody has to clear up: they are closed when a check is done with them.
    public init(
        limit: Duration = .seconds(30), seed: UInt64 = 1,
        makeEnds: @escaping @Sendable () async throws -> (Connection, Connection)
    ) {
        self.init(limit: limit, seed: seed) { use in
            let (first, second) = try await makeEnds()
            defer {
                first.close()
                second.close()
            }
            try await use(first, second)
        }
    }

    /// Runs checks, one after the other.
    ///
    /// - Parameter checks: which; all of them unless given. Leave out what a transport can't do: one without an end for
    ///   each direction has no half-close.
    /// - Returns: those that failed.
    public func failures(of checks: [Check] = Check.allCases) async -> [Failure] {
        var failures: [Failure] = []
        for check in checks {
            if let failure = await failure(of: check) { failures.append(failure) }
        }
        return failures
    }

    /// Runs checks, one after the other.
    ///
    /// - Throws: ``Nonconformance`` with all that failed.
    public func verify(_ checks: [Check] = Check.allCases) async throws(Nonconformance) {
        let failures = await failures(of: checks)
        if !failures.isEmpty { throw Nonconformance(failures: failures) }
    }

    /// Runs one check.
    ///
    /// - Returns: nil when it passed.
    public func failure(of check: Check) async -> Failure? {
        let verdict = Mutex<Failure?>(Failure(check: check, seen: "no ends", expected: "two connected ends"))
        do {
            try await withEnds { first, second in
                let found = await run(check, first, second)
                verdict.withLock { $0 = found }
            }
        } catch {
            // The check's own errors are in the verdict: this one is of whoever made the ends.
            return verdict.withLock { $0 }
                ?? Failure(check: check, seen: "\(error)", expected: "ends that are made and cleared up")
        }
        return verdict.withLock { $0 }
    }

    private func run(_ check: Check, _ first: Connection, _ second: Connection) async -> Failure? {
        // Whatever ignores its deadlines is woken by this.
        let isOver = Flag()
        let guardian = first.loop.schedule(after: limit) {
            isOver.set()
            first.abort()
            second.abort()
        }
        defer { guardian.cancel() }
        do {
            try await withTaskExecutorPreference(first.loop) {
                try await withDeadline(limit) { try await check.run(TransportEnds(first, second, seed: seed)) }
            }
            return isOver.isSet ? endless(check) : nil
        } catch  where isOver.isSet {
            return endless(check)
        } catch let mismatch as Mismatch {
            return Failure(check: check, seen: mismatch.seen, expected: mismatch.expected)
        } catch {
            return Failure(check: check, seen: "\(error)", expected: "no error")
        }
    }

    private func endless(_ check: Check) -> Failure {
        Failure(check: check, seen: "no end", expected: "an end within \(limit)")
    }
}
