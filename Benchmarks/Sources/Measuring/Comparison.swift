// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Two programs for one task, measured in turns, so that whatever else the machine does hits both alike.
public struct Comparison {
    /// Which CPU time counts.
    public enum Cost: Sendable {
        /// Outside of the kernel only.
        case user
        /// Inside and outside.
        case total
    }

    /// The medians over all rounds.
    public struct Result {
        /// Nanoseconds of CPU per operation.
        public let ours: Double
        /// Nanoseconds of CPU per operation.
        public let peer: Double
        /// The median of the rounds' ratios, ours to the peer's.
        public let ratio: Double
    }

    /// How many rounds.
    public let rounds: Int
    /// How many operations one call of a body does.
    public let operations: Int
    /// Which CPU time counts.
    public let cost: Cost

    /// A comparison of bodies that do `operations` operations a call.
    public init(rounds: Int = 9, operations: Int, cost: Cost = .user) {
        self.rounds = rounds
        self.operations = operations
        self.cost = cost
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
        let start = nanoseconds()
        body()
        return Double(nanoseconds() - start) / Double(operations)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// What this process has used of the CPU.
    private func nanoseconds() -> Int {
        if cost == .total {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return (usage.ru_utime.tv_sec * 1_000_000 + Int(usage.ru_utime.tv_usec)) * 1_000
    }
}
