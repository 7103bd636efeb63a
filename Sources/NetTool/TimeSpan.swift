// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A length of time as it is written on a command line: `250ms`, `5s`, `1.5m`, `2h`. A bare number is seconds.
struct TimeSpan: Hashable, Sendable {
    let duration: Duration

    /// The longest that is taken: a year.
    static let maximum = Duration.seconds(365 * 86_400)

    init(_ duration: Duration) { self.duration = duration }

    /// Reads a length of time.
    ///
    /// - Throws: why it is none, as the end of a sentence.
    init(_ text: String) throws(Malformed) {
        guard let written = NumberWithUnit(text) else {
            throw Malformed("a time is a number and its unit, as in 250ms, 5s, 2m or 1h")
        }
        guard let unit = Self.units[String(written.unit)] else {
            throw Malformed("'\(written.unit)' is no unit of time: write ms, s, m or h")
        }
        let seconds = written.number * unit
        guard seconds <= Self.maximum / .seconds(1) else { throw Malformed("that is more than a year") }
        duration = .seconds(seconds)
    }

    private static let units = ["": 1.0, "ms": 0.001, "s": 1, "m": 60, "h": 3600]
}

extension TimeSpan: CustomStringConvertible, ExpressibleByArgument {
    init?(argument: String) {
        guard let span = try? TimeSpan(argument) else { return nil }
        self = span
    }

    /// Seconds, or milliseconds where there is less than one.
    var description: String {
        duration < .seconds(1)
            ? "\(Int((duration / .milliseconds(1)).rounded()))ms" : "\(Self.decimal(duration / .seconds(1)))s"
    }

    /// The shortest form of a number with at most one decimal.
    private static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
