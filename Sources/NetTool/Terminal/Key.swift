// SPDX-License-Identifier: Apache-2.0

/// What a person at a terminal does.
enum Key: Hashable {
    /// A character to insert: a single scalar, which may belong to the one before it.
    case scalar(Unicode.Scalar)
    case enter
    case left, right, up, down, home, end, wordLeft, wordRight
    case backspace, delete
    /// ctrl-U, ctrl-K, ctrl-W, alt-D: what they take away ctrl-Y brings back.
    case killToStart, killToEnd, killWord, killNextWord, yank
    case transpose
    /// ctrl-D: the end on an empty line, else ``delete``.
    case endOfInput
    case interrupt, suspend, clear
    case unknown
}

/// Makes keys of the bytes that a terminal sends, wherever they are cut. What is pasted stands for itself, but for its
/// line ends.
///
/// ECMA-48 §5.4; xterm's bracketed paste.
struct KeyDecoder {
    private enum State {
        case plain
        case escape
        /// Behind `ESC [` or `ESC O`; the parameters so far.
        case sequence([UInt8])
        /// Within a scalar of so many bytes.
        case scalar([UInt8], length: Int)
    }

    private var state = State.plain
    private var isPasting = false
    /// The last byte was a CR that has ended a line: an LF behind it ends no other.
    private var hasEnded = false
    /// Longer sequences are no keys.
    private static let longestSequence = 32

    mutating func keys(_ bytes: some Sequence<UInt8>) -> [Key] {
        var keys: [Key] = []
        for byte in bytes {
            if case .scalar = state, byte & 0xC0 != 0x80 {
                // What was begun is none; the byte that shows it begins anew.
                state = .plain
                keys.append(.scalar("\u{FFFD}"))
            }
            if let key = next(byte) { keys.append(key) }
        }
        return keys
    }

    private mutating func next(_ byte: UInt8) -> Key? {
        switch state {
        case .plain: return plain(byte)
        case .escape:
            state = .plain
            return escaped(byte)
        case .sequence(let parameters): return sequence(parameters, byte)
        case .scalar(let bytes, let length): return scalar(bytes + [byte], length)
        }
    }

    private mutating func plain(_ byte: UInt8) -> Key? {
        let endedBefore = hasEnded
        hasEnded = byte == 0x0D
        switch byte {
        case 0x1B:
            state = .escape
            return nil
        case 0x0D: return .enter
        case 0x0A: return endedBefore ? nil : .enter
        case 0x20..<0x7F: return .scalar(Unicode.Scalar(byte))
        case 0xC2..<0xE0: state = .scalar([byte], length: 2)
        case 0xE0..<0xF0: state = .scalar([byte], length: 3)
        case 0xF0..<0xF5: state = .scalar([byte], length: 4)
        case 0x80...: return .scalar("\u{FFFD}")
        default: return isPasting ? .scalar(Unicode.Scalar(byte)) : Self.controls[byte] ?? .unknown
        }
        return nil
    }

    private static let controls: [UInt8: Key] = [
        0x01: .home, 0x02: .left, 0x03: .interrupt, 0x04: .endOfInput, 0x05: .end, 0x06: .right, 0x08: .backspace,
        0x09: .scalar("\t"), 0x0B: .killToEnd, 0x0C: .clear, 0x0E: .down, 0x10: .up, 0x14: .transpose,
        0x15: .killToStart, 0x17: .killWord, 0x19: .yank, 0x1A: .suspend, 0x7F: .backspace,
    ]

    private mutating func scalar(_ bytes: [UInt8], _ length: Int) -> Key? {
        if bytes.count < length {
            state = .scalar(bytes, length: length)
            return nil
        }
        state = .plain
        return .scalar(String(decoding: bytes, as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}")
    }

    private mutating func escaped(_ byte: UInt8) -> Key? {
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "O"):
            state = .sequence([])
            return nil
        case 0x1B:
            state = .escape
            return nil
        case UInt8(ascii: "b"): return .wordLeft
        case UInt8(ascii: "f"): return .wordRight
        case UInt8(ascii: "d"): return .killNextWord
        case 0x7F: return .killWord
        default: return .unknown
        }
    }

    private mutating func sequence(_ parameters: [UInt8], _ byte: UInt8) -> Key? {
        guard byte >= 0x40, byte < 0x7F else {
            state = parameters.count < Self.longestSequence ? .sequence(parameters + [byte]) : .plain
            return nil
        }
        state = .plain
        let text = String(decoding: parameters + [byte], as: UTF8.self)
        if text == "200~" || text == "201~" {
            isPasting = text == "200~"
            return nil
        }
        return isPasting ? nil : Self.sequences[text] ?? .unknown
    }

    private static let sequences: [String: Key] = [
        "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "1~": .home, "7~": .home, "4~": .end,
        "8~": .end, "3~": .delete, "1;5C": .wordRight, "1;5D": .wordLeft, "1;3C": .wordRight, "1;3D": .wordLeft,
        "5C": .wordRight, "5D": .wordLeft,
    ]
}
