// SPDX-License-Identifier: Apache-2.0

extension Character {
    /// How many columns of a terminal it takes: 2 for a wide one (Chinese, most emoji), 0 for what only changes its
    /// neighbour, and 2 for a control, which is shown as `^C`.
    ///
    /// Unicode Standard Annex 11.
    var displayWidth: Int {
        var width = 0
        for scalar in unicodeScalars {
            if scalar.value < 0x20 || scalar.value == 0x7F { return 2 }
            // The selector that asks for the picture makes wide what is not by itself.
            width = scalar.value == 0xFE0F ? 2 : max(width, scalar.displayWidth)
        }
        return width
    }

    /// As it is shown: a control as `^C`, everything else as itself.
    var displayText: String {
        guard let scalar = unicodeScalars.first, scalar.value < 0x20 || scalar.value == 0x7F else {
            return String(self)
        }
        return "^" + String(UnicodeScalar(UInt8(scalar.value) ^ 0x40))
    }
}

extension Sequence<Character> {
    /// How many columns all of them take.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }
}

extension Unicode.Scalar {
    /// 0, 1 or 2 columns.
    var displayWidth: Int {
        if value < 0x7F { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        // The vowels and ends of a Korean syllable join the consonant before them.
        if 0x1160...0x11FF ~= value || 0xD7B0...0xD7FF ~= value { return 0 }
        return properties.isEmojiPresentation || Self.wide.contains { $0 ~= value } ? 2 : 1
    }

    /// The blocks of wide scalars, besides those that are pictures.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2630...0x2637, 0x268A...0x268F, 0x2E80...0x303E, 0x3041...0x3247,
        0x3250...0x4DBF, 0x4DC0...0x4DFF, 0x4E00...0xA4C6, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF,
        0x1D300...0x1D376, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]
}
