// SPDX-License-Identifier: Apache-2.0

extension Unicode.Scalar {
    /// False for what a terminal would act on or hide: controls, bidirectional marks, line separators.
    var isPrintable: Bool {
        if value < 0x7F { return value >= 0x20 }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: return false
        default: return true
        }
    }
}

extension StringProtocol {
    /// This text, safe to print inside double quotes and at most `maximumLength` scalars long, `…` if it was cut.
    package func quotable(maximumLength: Int) -> String {
        var (result, length) = ("", 0)
        for scalar in unicodeScalars {
            let isPlain = scalar.isPrintable && scalar != "\"" && scalar != "\\"
            let piece = isPlain ? String(scalar) : scalar.escaped(asASCII: true)
            length += piece.unicodeScalars.count
            guard length <= maximumLength else { return String(result.unicodeScalars.prefix(maximumLength - 1)) + "…" }
            result += piece
        }
        return result
    }

    /// This text, safe to print on a terminal: what one would act on or hide is escaped. A tab stays.
    package var legible: String {
        let whole = String(self)
        // What most text is takes no look at Unicode's tables.
        if whole.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return whole }
        if whole.unicodeScalars.allSatisfy({ $0.isPrintable || $0 == "\t" }) { return whole }
        return whole.unicodeScalars.reduce(into: "") { text, scalar in
            text += scalar.isPrintable || scalar == "\t" ? String(scalar) : scalar.escaped(asASCII: true)
        }
    }
}

extension Span<UInt8> {
    /// The bytes of `range` as text that can be printed; at most 40 of them.
    func quotable(_ range: Range<Int>) -> String {
        var bytes: [UInt8] = []
        for index in range.clamped(to: 0..<count).prefix(40) { bytes.append(self[index]) }
        return String(decoding: bytes, as: UTF8.self).quotable(maximumLength: 40)
    }

    /// The first bytes equal to `bytes`, or nil.
    func firstIndex(of byte: UInt8) -> Int? {
        for index in indices where self[index] == byte { return index }
        return nil
    }
}
