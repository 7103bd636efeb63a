// SPDX-License-Identifier: Apache-2.0

/// Two programs that are measured in turns, each in a process of its own: what each costs, and the rounds' ratios.
public struct Turns {
    private var (ours, theirs, ratios): ([Double], [Double], [Double]) = ([], [], [])

    /// Measures both so many times.
    public init(_ rounds: Int, theirs: () throws -> Double, ours: () throws -> Double) rethrows {
        for _ in 0..<max(1, rounds) {
            let peer = try theirs()
            let own = try ours()
            self.theirs.append(peer)
            self.ours.append(own)
            ratios.append(own / peer)
        }
    }

    /// `ratio 1.1 (1.0 to 1.2, at most 1.15); ours 3.1 us a delivery, C 2.9 us`, all of it medians but for the spread.
    public func told(atMost limit: Double, _ unit: String, beside peer: String) -> String {
        let ratio = Self.rounded(Self.median(ratios))
        let spread = "\(Self.rounded(ratios.min() ?? 0)) to \(Self.rounded(ratios.max() ?? 0))"
        let costs = "ours \(Self.rounded(Self.median(ours))) \(unit), \(peer) \(Self.rounded(Self.median(theirs)))"
        return "ratio \(ratio) (\(spread), at most \(limit)); \(costs)"
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
