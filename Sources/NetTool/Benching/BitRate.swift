// SPDX-License-Identifier: Apache-2.0

/// Bits a second, as they are written on a command line: `500K`, `10M`, `2.5G`.
struct BitRate: Hashable, Sendable {
    let bitsPerSecond: Double

    /// The most that is taken: a terabit.
    static let maximum = 1e12

    init(bitsPerSecond: Double) { self.bitsPerSecond = bitsPerSecond }

    /// - Throws: why it is none, as the end of a sentence.
    init(_ text: String) throws(Malformed) {
        guard let written = NumberWithUnit(text), let unit = Self.units[written.unit.uppercased()], written.number > 0
        else { throw Malformed("a rate is a number and its unit, as in 500K, 10M or 2.5G") }
        bitsPerSecond = written.number * unit
        if bitsPerSecond > Self.maximum { throw Malformed("that is more than 1000G") }
    }

    private static let units = ["": 1.0, "K": 1e3, "M": 1e6, "G": 1e9]
}

extension BitRate: CustomStringConvertible {
    /// `9.41 Gbit/s`.
    var description: String {
        let (divisor, unit) =
            switch bitsPerSecond {
            case 1e9...: (1e9, "Gbit/s")
            case 1e6...: (1e6, "Mbit/s")
            case 1e3...: (1e3, "kbit/s")
            default: (1.0, "bit/s")
            }
        return "\(bitsPerSecond.rounded(to: divisor)) \(unit)"
    }
}

extension Double {
    /// The number in this unit, with at most two decimals.
    func rounded(to unit: Double) -> String {
        let hundredths = Int((self / unit * 100).rounded())
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return "\(whole)" }
        return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Bytes for people, in binary units: `1.1 GiB`.
    var inBytes: String {
        switch self {
        case 1_073_741_824...: "\(rounded(to: 1_073_741_824)) GiB"
        case 1_048_576...: "\(rounded(to: 1_048_576)) MiB"
        case 1024...: "\(rounded(to: 1024)) KiB"
        default: "\(Int(self)) bytes"
        }
    }
}
