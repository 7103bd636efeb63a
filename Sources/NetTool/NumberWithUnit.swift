// SPDX-License-Identifier: Apache-2.0

/// A decimal number and what is written behind it: `1.5` and `M`.
struct NumberWithUnit {
    let number: Double
    let unit: Substring

    /// Nil for what does not begin with a number, without a sign and without an exponent.
    init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        guard digits.first != ".", digits.last != ".", let number = Double(digits) else { return nil }
        self.number = number
        unit = text.dropFirst(digits.count)
    }
}
