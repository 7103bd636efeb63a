// SPDX-License-Identifier: Apache-2.0

/// What a telnet client weaves into its text: commands that begin with FF. They are taken out, and an offer or a wish
/// to change something is declined, as the protocol asks for: after ctrl-C a client shows nothing until it is answered.
///
/// RFC 854; RFC 860 (the timing mark).
struct TelnetCommands {
    /// The text without them.
    private(set) var text: [UInt8] = []
    /// What is to be answered.
    private(set) var answers: [UInt8] = []

    private static let escape: UInt8 = 0xFF
    private static let (begin, end): (UInt8, UInt8) = (0xFA, 0xF0)
    private static let (will, wont, please, dont): (UInt8, UInt8, UInt8, UInt8) = (0xFB, 0xFC, 0xFD, 0xFE)

    /// Whether bytes have any. (No UTF-8 and no GBK text has the byte that they begin with.)
    static func areIn(_ bytes: RawSpan) -> Bool {
        bytes.withUnsafeBytes { $0.contains(escape) }
    }

    /// Takes them out of a line.
    init(in bytes: [UInt8]) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == Self.escape else {
                text.append(byte)
                continue
            }
            guard index < bytes.count else { return }
            let command = bytes[index]
            index += 1
            switch command {
            case Self.escape: text.append(byte)
            case Self.will, Self.wont, Self.please, Self.dont:
                guard index < bytes.count else { return }
                decline(command, bytes[index])
                index += 1
            case Self.begin:
                while index < bytes.count, bytes[index - 1] != Self.escape || bytes[index] != Self.end { index += 1 }
                index += 1
            case Self.end...: break
            // A letter of a one-byte encoding, and no command.
            default: text += [byte, command]
            }
        }
    }

    private mutating func decline(_ command: UInt8, _ option: UInt8) {
        switch command {
        case Self.please: answers += [Self.escape, Self.wont, option]
        case Self.will: answers += [Self.escape, Self.dont, option]
        default: break
        }
    }
}
