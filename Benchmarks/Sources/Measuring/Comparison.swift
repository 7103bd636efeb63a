// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Two programs for one task, measured in turns, so that whatever else the machine does hits both alike.
public struct Comparison {
    /// The medians over all rounds.
    public struct Result {
        /// Nanoseconds of user CPU per operation.
        public let ours: Double
        /// Nanoseconds of user CPU per operation.
        public let peer: Double
        /// The median of the rounds' ratios, ours to the peer's.
        public let ratio: Double
    }

    /// How many rounds.
    public let rounds: Int
    /// How many operations one call of a body does.
    public let operations: Int

    /// A comparison of bodies that do `operations` operations a call.
    public init(rounds: Int = 9, operations: Int) {
        self.rounds = rounds
        self.operations = operations
    }

    /// Runs both bodies once to warm up and then in turns.
    public func run(ours: () -> Void, peer: () -> Void) -> Result {
        ours()
        peer()
        var (ourTimes, peerTimes): ([Double], [Double]) = ([], [])
        for round in 0..<rounds {
            // Who goes first changes, since the first one heats the machine for the second.
            let isOursFirst = round.isMultiple(of: 2)
            if isOursFirst { ourTimes.append(time(ours)) }
            peerTimes.append(time(peer))
            if !isOursFirst { ourTimes.append(time(ours)) }
        }
        let ratios = zip(ourTimes, peerTimes).map { $0 / $1 }
        return Result(ours: Self.median(ourTimes), peer: Self.median(peerTimes), ratio: Self.median(ratios))
    }

    private func time(_ body: () -> Void) -> Double {
        let start = Self.userNanoseconds()
        body()
        return Double(Self.userNanoseconds() - start) / Double(operations)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// What this process has used of the CPU outside of the kernel.
    private static func userNanoseconds() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return (usage.ru_utime.tv_sec * 1_000_000 + Int(usage.ru_utime.tv_usec)) * 1_000
    }
}
